// y = the inputs one after the other along the channels.
#include <vector>

#include "cpu/channels.h"
#include "cpu/closure.h"

namespace iabn {
namespace {

struct Part {
  size_t input;
  ChannelSlice source;
  ChannelSlice target;
  size_t bytes;  // of a row
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc& y = spec.outputs[0];
  std::vector<Part> parts;
  int64_t begin = 0;
  for (size_t input = 0; input < spec.inputs.size(); ++input) {
    const TensorDesc& x = spec.inputs[input];
    const size_t bytes = static_cast<size_t>(x.channels()) * dtype_size(x.dtype);
    if (x.elements() > 0) parts.push_back({input, channel_slice(x, 0), channel_slice(y, begin), bytes});
    begin += x.channels();
  }
  const int64_t rows = y.rows(), channels = y.channels();
  return make_kernel_of([parts = std::move(parts), rows, channels](const KernelArgs& args) {
    parallel_range(rows, channels, 1, [&](int64_t first, int64_t end) {
      for (const Part& part : parts) {
        copy_rows(args.inputs[part.input], part.source, args.outputs[0], part.target, part.bytes, first, end);
      }
    });
  });
}

const OpRegistration registration("concat", {make});

}  // namespace
}  // namespace iabn
