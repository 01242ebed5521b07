// dγ from Σ dy·x̂: negated where s = |γ| + ε and γ < 0. A γ of exactly 0 counts as positive, so that it can
// move; NaN stays NaN.
#include "cpu/loops/closure.h"
#include "cpu/ops/abn.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t channels = spec.inputs[0].elements();
  const bool absolute = parse_absolute(spec.attrs);
  return make_kernel_of([=](const KernelArgs& args) {
    const float* sum = args.in<float>(0);
    const float* weight = args.in<float>(1);
    float* dweight = args.out<float>(0);
    for (int64_t c = 0; c < channels; ++c) {
      const float w = weight[c];
      const float sign = w >= 0.0f ? 1.0f : w < 0.0f ? -1.0f : w;
      dweight[c] = absolute ? sign * sum[c] : sum[c];
    }
  });
}

const OpRegistration registration("abn_backward_weight", {make});

}  // namespace
}  // namespace iabn
