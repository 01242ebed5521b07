// dx = dy in the channels starting at `begin`, 0 elsewhere.
#include "cpu/loops/channels.h"
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  const int64_t rows = dx.rows(), channels = dx.channels();
  const ChannelSlice whole = channel_slice(dx, 0), source = channel_slice(dy, 0);
  const ChannelSlice target = channel_slice(dx, spec.attrs.integer("begin"));
  const size_t width = static_cast<size_t>(channels) * dtype_size(dx.dtype);
  const size_t bytes = static_cast<size_t>(dy.channels()) * dtype_size(dy.dtype);
  return make_kernel_of([=](const KernelArgs& args) {
    parallel_range(rows, channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        char* to = static_cast<char*>(args.outputs[0]) + static_cast<size_t>(row) * whole.pitch;
        std::memset(to, 0, width);
        copy_rows(args.inputs[0], source, args.outputs[0], target, bytes, row, row + 1);
      }
    });
  });
}

const OpRegistration registration("slice_channels_backward", {make});

}  // namespace
}  // namespace iabn
