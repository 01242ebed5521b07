// Concatenates the inputs along the channels; an input that is already a view of y is not copied.
#include <vector>

#include "cpu/loops/channels.h"
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

struct Part {
  size_t input;
  ChannelSlice source;
  ChannelSlice target;
  int64_t channels;
  size_t bytes;  // of a row
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc& y = spec.outputs[0];
  std::vector<Part> parts;
  int64_t begin = 0;
  for (size_t input = 0; input < spec.inputs.size(); ++input) {
    const TensorDesc& x = spec.inputs[input];
    const size_t bytes = static_cast<size_t>(x.channels()) * dtype_size(x.dtype);
    if (x.elements() > 0)
      parts.push_back({input, channel_slice(x, 0), channel_slice(y, begin), x.channels(), bytes});
    begin += x.channels();
  }
  const int64_t rows = y.rows();
  return make_kernel_of([parts = std::move(parts), rows](const KernelArgs& args) {
    void* y = args.outputs[0];
    for (const Part& part : parts) {
      const void* x = args.inputs[part.input];
      if (in_place(x, part.source, y, part.target)) continue;
      parallel_range(rows, part.channels, 1, [&](int64_t first, int64_t end) {
        copy_rows(x, part.source, y, part.target, part.bytes, first, end);
      });
    }
  });
}

const OpRegistration registration("concat", {make});

}  // namespace
}  // namespace iabn
