// y = rows [begin, begin + length) of each image.
#include "cuda/support/image_rows.h"
#include "cuda/support/kernels.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ImageRows x(spec.inputs[0]), y(spec.outputs[0]);
  const int64_t begin = spec.attrs.integer("begin"), length = spec.attrs.integer("length");
  return make_kernel_of([=, &context](const KernelArgs& args) {
    copy_image_rows(context, args.inputs[0], x, begin, args.outputs[0], y, 0, length);
  });
}

const OpRegistration registration("slice_rows", {make});

}  // namespace
}  // namespace iabn::cuda
