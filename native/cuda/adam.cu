// Adam as in PyTorch, updating parameter and moments in place; t counts steps from 1. AdamW (decoupled) omits
// wd·p from g and first applies p ← p − lr·wd·p.
//   g = clip·grad + wd·p;   m ← m + (1 − β₁)(g − m);   v ← β₂·v + (1 − β₂)·g²
//   p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
#include "cuda/support/updates.h"
#include "program/update.h"

namespace iabn::cuda {
namespace {

struct AdamRule {
  double beta1, beta2, decay;
  float eps;
  bool decoupled;
};

struct AdamUpdate {
  struct Rates {
    float clip, decay, kept, rest1, beta2, rest2, step_size, deviation;
  };
  AdamRule rule;
  float *param, *mean, *square;
  const float *grad, *lr, *step, *clip;

  __device__ Rates rates() const {
    const double t = *step;
    return {clip == nullptr ? 1.0f : *clip,
            static_cast<float>(rule.decoupled ? 0.0 : rule.decay),
            static_cast<float>(rule.decoupled ? 1.0 - *lr * rule.decay : 1.0),
            static_cast<float>(1.0 - rule.beta1),
            static_cast<float>(rule.beta2),
            static_cast<float>(1.0 - rule.beta2),
            static_cast<float>(*lr / (1.0 - pow(rule.beta1, t))),
            static_cast<float>(1.0 / sqrt(1.0 - pow(rule.beta2, t)))};
  }
  __device__ void operator()(const Rates& rates, int64_t i) const {
    const float g = rates.clip * grad[i] + rates.decay * param[i];
    const float m = mean[i] + rates.rest1 * (g - mean[i]);
    const float v = rates.beta2 * square[i] + rates.rest2 * (g * g);
    mean[i] = m;
    square[i] = v;
    param[i] = rates.kept * param[i] - rates.step_size * m / (sqrtf(v) * rates.deviation + rule.eps);
  }
};

struct BindAdam {
  AdamRule rule;
  bool clipped;
  int64_t first;  // element of the parameter

  AdamUpdate operator()(const KernelArgs& args) const {
    return {rule,
            args.out<float>(0) + first,
            args.out<float>(1) + first,
            args.out<float>(2) + first,
            args.in<float>(1),
            args.in<float>(4),
            args.in<float>(5),
            clipped ? args.in<float>(6) : nullptr};
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const AdamRule rule = {spec.attrs.number("beta1"), spec.attrs.number("beta2"),
                         spec.attrs.number("weight_decay"), static_cast<float>(spec.attrs.number("eps")),
                         spec.attrs.boolean("decoupled")};
  const BindAdam bind = {rule, spec.inputs.size() > 6 && spec.inputs[6].present(), first_updated(spec)};
  return std::make_unique<UpdateKernel<AdamUpdate, BindAdam>>(context, spec.inputs[1].elements(), bind);
}

const OpRegistration registration("adam", {make});

}  // namespace
}  // namespace iabn::cuda
