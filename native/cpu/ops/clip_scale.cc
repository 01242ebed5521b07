// Clipping by global norm:  norm = √Σ g²  over all gradients,  scale = min(1, max_norm/(norm + 1e-6)).
#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

constexpr int64_t kChunk = 16384;  // elements whose squares make one partial sum

// float32 lanes over short runs, added in float64.
IABN_SIMD double squares_leaf(const float* x, int64_t count) {
  constexpr int64_t lanes = 32, run = 64 * lanes;
  double total = 0.0;
  for (int64_t first = 0; first < count; first += run) {
    const int64_t last = std::min(count, first + run);
    const int64_t whole = last - (last - first) % lanes;
    float lane[lanes] = {};
    for (int64_t i = first; i < whole; i += lanes) {
      for (int64_t j = 0; j < lanes; ++j) lane[j] += x[i + j] * x[i + j];
    }
    for (int64_t i = whole; i < last; ++i) lane[i - whole] += x[i] * x[i];
    for (int64_t j = 0; j < lanes; ++j) total += static_cast<double>(lane[j]);
  }
  return total;
}

struct Chunk {
  size_t input;
  int64_t begin;
  int64_t count;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  std::vector<Chunk> chunks;
  int64_t elements = 0;
  for (size_t input = 0; input < spec.inputs.size(); ++input) {
    const int64_t count = spec.inputs[input].elements();
    elements += count;
    for (int64_t begin = 0; begin < count; begin += kChunk) {
      chunks.push_back({input, begin, std::min(kChunk, count - begin)});
    }
  }
  const double max_norm = spec.attrs.number("max_norm");
  const size_t workspace = chunks.size() * sizeof(double);
  return make_kernel_of(
      [chunks = std::move(chunks), elements, max_norm](const KernelArgs& args) {
        double* partials = static_cast<double*>(args.workspace);
        const int64_t count = static_cast<int64_t>(chunks.size());
        parallel_tasks(count, elements, [&](int64_t i) {
          const Chunk& chunk = chunks[static_cast<size_t>(i)];
          partials[i] = squares_leaf(args.in<float>(chunk.input) + chunk.begin, chunk.count);
        });
        double total = 0.0;
        for (int64_t i = 0; i < count; ++i) total += partials[i];
        const double norm = std::sqrt(total);
        const double ratio = max_norm / (norm + 1e-6);
        *args.out<float>(0) = static_cast<float>(norm);
        *args.out<float>(1) = static_cast<float>(ratio >= 1.0 ? 1.0 : ratio);  // NaN stays
      },
      workspace);
}

const OpRegistration registration("clip_scale", {make});

}  // namespace
}  // namespace iabn
