// Element i is attrs.values[i].
#include <algorithm>
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

// Values are passed as kernel arguments, a few at a time.
struct Chunk {
  static constexpr size_t kMost = 64;
  float at[kMost];
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const std::vector<double> values = spec.attrs.numbers("values");
  if (static_cast<int64_t>(values.size()) != spec.outputs[0].elements()) {
    throw std::invalid_argument("literal: expected as many values as elements");
  }
  return make_kernel_of([values, &context](const KernelArgs& args) {
    for (size_t first = 0; first < values.size(); first += Chunk::kMost) {
      const size_t count = std::min(Chunk::kMost, values.size() - first);
      Chunk chunk{};
      for (size_t i = 0; i < count; ++i) chunk.at[i] = static_cast<float>(values[first + i]);
      float* out = args.out<float>(0) + first;
      for_items(context, static_cast<int64_t>(count),
                [=] __device__(int64_t i) { out[i] = chunk.at[static_cast<size_t>(i)]; });
    }
  });
}

const OpRegistration registration("literal", {make});

}  // namespace
}  // namespace iabn::cuda
