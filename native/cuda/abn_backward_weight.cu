// dγ from Σ dy·x̂: negated where s = |γ| + ε and γ < 0. A γ of exactly 0 counts as positive, so that it can
// move; NaN stays NaN.
#include "cuda/support/abn.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

void run(const Context& context, int64_t channels, bool absolute, const KernelArgs& args) {
  const float *sum = args.in<float>(0), *weight = args.in<float>(1);
  float* dweight = args.out<float>(0);
  for_items(context, channels, [=] __device__(int64_t c) {
    const float w = weight[c];
    const float sign = w >= 0.0f ? 1.0f : w < 0.0f ? -1.0f : w;
    dweight[c] = absolute ? sign * sum[c] : sum[c];
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t channels = spec.inputs[0].elements();
  const bool absolute = parse_absolute(spec.attrs);
  return make_kernel_of([=, &context](const KernelArgs& args) { run(context, channels, absolute, args); });
}

const OpRegistration registration("abn_backward_weight", {make});

}  // namespace
}  // namespace iabn::cuda
