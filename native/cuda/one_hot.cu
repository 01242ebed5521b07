// 1 at the label of each row, 0 elsewhere; rows whose label is ignored or outside the classes are 0.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "geometry/class_labels.h"

namespace iabn::cuda {
namespace {

void run(const Context& context, int64_t rows, Labels labels, float* targets) {
  for_items(context, rows * labels.classes, [=] __device__(int64_t i) {
    const int64_t row = i / labels.classes, k = i % labels.classes;
    targets[i] = labels.counted(row) && labels.at(row) == k ? 1.0f : 0.0f;
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.inputs[0].elements(), classes = spec.attrs.integer("classes");
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const bool bytes = spec.inputs[0].dtype == DType::u8;
  return make_kernel_of([=, &context](const KernelArgs& args) {
    const Labels labels = {bytes ? nullptr : args.in<int32_t>(0), bytes ? args.in<uint8_t>(0) : nullptr,
                           classes, ignore};
    run(context, rows, labels, args.out<float>(0));
  });
}

const OpRegistration registration("one_hot", {make});

}  // namespace
}  // namespace iabn::cuda
