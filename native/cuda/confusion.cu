// Counts how many elements of each label were predicted as each class. Labels outside the classes are
// ignored.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/softmax.h"

namespace iabn::cuda {
namespace {

void run(const Context& context, int64_t count, const uint8_t* predicted, Labels labels, int32_t* matrix) {
  for_items(context, labels.classes * labels.classes, [=] __device__(int64_t i) { matrix[i] = 0; });
  // Integer sums do not depend on the order.
  for_items(context, count, [=] __device__(int64_t i) {
    if (!labels.counted(i) || predicted[i] >= labels.classes) return;
    atomicAdd(matrix + labels.at(i) * labels.classes + predicted[i], int32_t{1});
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements(), classes = spec.attrs.integer("classes");
  const DType label_type = spec.inputs[1].dtype;
  return make_kernel_of([=, &context](const KernelArgs& args) {
    run(context, count, args.in<uint8_t>(0), labels_of(args, label_type, classes, -1), args.out<int32_t>(0));
  });
}

const OpRegistration registration("confusion", {make});

}  // namespace
}  // namespace iabn::cuda
