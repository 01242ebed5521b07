// Concatenates the inputs along the channels; an input that is already a view of y is not copied.
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"

namespace iabn::cuda {
namespace {

struct Part {
  size_t input;
  ChannelSlice source;
  ChannelSlice target;
  size_t bytes;  // of a row
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& y = spec.outputs[0];
  std::vector<Part> parts;
  int64_t begin = 0;
  for (size_t input = 0; input < spec.inputs.size(); ++input) {
    const TensorDesc& x = spec.inputs[input];
    const size_t bytes = static_cast<size_t>(x.channels()) * dtype_size(x.dtype);
    parts.push_back({input, channel_slice(x, 0), channel_slice(y, begin), bytes});
    begin += x.channels();
  }
  const int64_t rows = y.rows();
  return make_kernel_of([parts = std::move(parts), rows, &context](const KernelArgs& args) {
    for (const Part& part : parts) {
      copy_rows(context, args.inputs[part.input], part.source, args.outputs[0], part.target, part.bytes,
                rows);
    }
  });
}

const OpRegistration registration("concat", {make});

}  // namespace
}  // namespace iabn::cuda
