// Merges per-process statistics (Chan et al.) in float64. With m = Σmᵢ:
//   μ = Σ mᵢ·μᵢ / m,  σ² = Σ mᵢ·(σᵢ² + (μᵢ − μ)²) / m.
// Every process computes the same numbers in the same order, so the results are bit-identical.
#include <stdexcept>

#include "cpu/loops/closure.h"
#include "program/flat.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t channels = spec.outputs[0].elements();
  const int64_t processes = spec.inputs[0].dims.at(0);
  const size_t vector = static_cast<size_t>(channels) * sizeof(float);
  const std::vector<size_t> begins = flat_begins({vector, vector, sizeof(float)});
  const size_t var_at = begins[1] / sizeof(float), count_at = begins[2] / sizeof(float);
  const size_t length = begins[3] / sizeof(float);
  return make_kernel_of([=](const KernelArgs& args) {
    const float* gathered = args.in<float>(0);
    double total = 0.0;
    for (int64_t i = 0; i < processes; ++i) total += gathered[i * length + count_at];
    if (total < 2.0) {
      throw std::runtime_error(
          "one sample per channel over all processes has no variance: use larger batches or images");
    }
    for (int64_t c = 0; c < channels; ++c) {
      double mean = 0.0, squares = 0.0;
      for (int64_t i = 0; i < processes; ++i) {
        const float* row = gathered + i * length;
        mean += static_cast<double>(row[count_at]) * row[c];
      }
      mean /= total;
      for (int64_t i = 0; i < processes; ++i) {
        const float* row = gathered + i * length;
        const double d = row[c] - mean;
        squares += row[count_at] * (row[var_at + c] + d * d);
      }
      args.out<float>(0)[c] = static_cast<float>(mean);
      args.out<float>(1)[c] = static_cast<float>(squares / total);
    }
    *args.out<float>(2) = static_cast<float>(total);
  });
}

const OpRegistration registration("abn_merge", {make});

}  // namespace
}  // namespace iabn
