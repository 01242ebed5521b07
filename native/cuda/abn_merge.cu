// Merges per-process statistics (Chan et al.) in float64. With m = Σmᵢ:
//   μ = Σ mᵢ·μᵢ / m,  σ² = Σ mᵢ·(σᵢ² + (μᵢ − μ)²) / m.
// Every process computes the same numbers in the same order, so the results are bit-identical.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/pinned.h"
#include "program/flat.h"

namespace iabn::cuda {
namespace {

// A process's row: offsets in elements of its means, variances and count.
struct Row {
  int64_t var_at, count_at, length;
};

class AbnMerge final : public Kernel, public Checked {
 public:
  AbnMerge(const KernelSpec& spec, Context& context)
      : context_(context), channels_(spec.outputs[0].elements()), processes_(spec.inputs[0].dims.at(0)) {
    const size_t vector = static_cast<size_t>(channels_) * sizeof(float);
    const std::vector<size_t> begins = flat_begins({vector, vector, sizeof(float)});
    const auto elements = [&](size_t i) { return static_cast<int64_t>(begins[i] / sizeof(float)); };
    row_ = {elements(1), elements(2), elements(3)};
    *too_few_.data() = 0;
  }

  std::string implementation() const override { return "cuda"; }

  void run(const KernelArgs& args) override {
    const float* gathered = args.in<float>(0);
    float *mean_out = args.out<float>(0), *var_out = args.out<float>(1), *count_out = args.out<float>(2);
    int* too_few = too_few_.data();
    const Row row = row_;
    const int64_t processes = processes_;
    for_items(context_, channels_, [=] __device__(int64_t c) {
      double total = 0.0, mean = 0.0, squares = 0.0;
      for (int64_t i = 0; i < processes; ++i) {
        const float* from = gathered + i * row.length;
        total += from[row.count_at];
        mean += static_cast<double>(from[row.count_at]) * from[c];
      }
      mean /= total;
      for (int64_t i = 0; i < processes; ++i) {
        const float* from = gathered + i * row.length;
        const double d = from[c] - mean;
        squares += from[row.count_at] * (from[row.var_at + c] + d * d);
      }
      mean_out[c] = static_cast<float>(mean);
      var_out[c] = static_cast<float>(squares / total);
      if (c == 0) *count_out = static_cast<float>(total);
      if (c == 0 && total < 2.0) *too_few = 1;
    });
  }

  void check() override {
    if (*too_few_.data() == 0) return;
    *too_few_.data() = 0;
    throw std::runtime_error(
        "one sample per channel over all processes has no variance: use larger batches or images");
  }

 private:
  Context& context_;
  int64_t channels_, processes_;
  Row row_;
  Pinned<int> too_few_{1};
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  return std::make_unique<AbnMerge>(spec, context);
}

const OpRegistration registration("abn_merge", {make});

}  // namespace
}  // namespace iabn::cuda
