// y = channels [begin, begin + length) of x; a no-op if y is a view of x.
#include "cpu/loops/channels.h"
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc& y = spec.outputs[0];
  const ChannelSlice source = channel_slice(spec.inputs[0], spec.attrs.integer("begin"));
  const ChannelSlice target = channel_slice(y, 0);
  const int64_t rows = y.rows(), channels = y.channels();
  const size_t bytes = static_cast<size_t>(channels) * dtype_size(y.dtype);
  return make_kernel_of([=](const KernelArgs& args) {
    if (in_place(args.inputs[0], source, args.outputs[0], target)) return;
    parallel_range(rows, channels, 1, [&](int64_t begin, int64_t end) {
      copy_rows(args.inputs[0], source, args.outputs[0], target, bytes, begin, end);
    });
  });
}

const OpRegistration registration("slice_channels", {make});

}  // namespace
}  // namespace iabn
