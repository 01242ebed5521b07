// Adam as PyTorch's, parameter and moments updated where they lie; t is the step, from 1:
//   g = clip·grad + wd·p;   m ← m + (1 − β₁)(g − m);   v ← β₂·v + (1 − β₂)·g²
//   p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

struct Rule {
  double beta1, beta2;
  float eps, decay;
};

struct State {
  float *param, *mean, *square;
  const float *grad, *lr, *step, *clip;
};

// Of the step, the same for all elements.
struct Corrections {
  float step_size, deviation;
};

void run(const Context& context, int64_t count, Rule rule, State s, Corrections* corrections) {
  for_items(context, 1, [=] __device__(int64_t) {
    const double t = *s.step;
    corrections->step_size = static_cast<float>(*s.lr / (1.0 - pow(rule.beta1, t)));
    corrections->deviation = static_cast<float>(1.0 / sqrt(1.0 - pow(rule.beta2, t)));
  });
  const float rest1 = static_cast<float>(1.0 - rule.beta1), beta2 = static_cast<float>(rule.beta2);
  const float rest2 = static_cast<float>(1.0 - rule.beta2);
  for_items(context, count, [=] __device__(int64_t i) {
    const float g = (s.clip == nullptr ? 1.0f : *s.clip) * s.grad[i] + rule.decay * s.param[i];
    const float m = s.mean[i] + rest1 * (g - s.mean[i]);
    const float v = beta2 * s.square[i] + rest2 * (g * g);
    s.mean[i] = m;
    s.square[i] = v;
    s.param[i] -= corrections->step_size * m / (sqrtf(v) * corrections->deviation + rule.eps);
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const Rule rule = {spec.attrs.number("beta1"), spec.attrs.number("beta2"),
                     static_cast<float>(spec.attrs.number("eps")),
                     static_cast<float>(spec.attrs.number("weight_decay"))};
  const bool clipped = spec.inputs.size() > 6 && spec.inputs[6].present();
  return make_kernel_of(
      [=, &context](const KernelArgs& args) {
        run(context, count, rule,
            {args.out<float>(0), args.out<float>(1), args.out<float>(2), args.in<float>(1), args.in<float>(4),
             args.in<float>(5), clipped ? args.in<float>(6) : nullptr},
            static_cast<Corrections*>(args.workspace));
      },
      sizeof(Corrections));
}

const OpRegistration registration("adam", {make});

}  // namespace
}  // namespace iabn::cuda
