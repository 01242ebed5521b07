// y = channels [begin, begin + length) of x; a no-op if y is a view of x.
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& y = spec.outputs[0];
  const ChannelSlice source = channel_slice(spec.inputs[0], spec.attrs.integer("begin"));
  const ChannelSlice target = channel_slice(y, 0);
  const size_t bytes = static_cast<size_t>(y.channels()) * dtype_size(y.dtype);
  const int64_t rows = y.rows();
  return make_kernel_of([=, &context](const KernelArgs& args) {
    copy_rows(context, args.inputs[0], source, args.outputs[0], target, bytes, rows);
  });
}

const OpRegistration registration("slice_channels", {make});

}  // namespace
}  // namespace iabn::cuda
