// Channels-last images as rows in axis order, y[n, (c,s)] = x[n,c,s]; or the reverse.
#include "cuda/support/context.h"
#include "cuda/support/transpose.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const bool back = spec.attrs.boolean("back");
  const TensorDesc& image = back ? spec.outputs[0] : spec.inputs[0];
  const int64_t images = image.dims[0], channels = image.channels();
  const int64_t area = images == 0 ? 0 : image.rows() / images;
  const int64_t rows = back ? channels : area, columns = back ? area : channels;
  return make_data_kernel(image.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    transpose_each(context, args.in<T>(0), args.out<T>(0), images, rows, columns);
  });
}

const OpRegistration registration("flatten", {make});

}  // namespace
}  // namespace iabn::cuda
