// Adam as in PyTorch, updating parameter and moments in place; t counts steps from 1. AdamW (decoupled) omits
// wd·p from g and first applies p ← p − lr·wd·p.
//   g = clip·grad + wd·p;   m ← m + (1 − β₁)(g − m);   v ← β₂·v + (1 − β₂)·g²
//   p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
#include <cmath>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "program/update.h"

namespace iabn {
namespace {

struct Rates {
  float clip, decay, kept, rest1, beta2, rest2, step_size, deviation, eps;
};

IABN_SIMD void adam_leaf(float* param, float* mean, float* square, const float* grad, int64_t count,
                         Rates s) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) {
    const float g = s.clip * grad[i] + s.decay * param[i];
    const float m = mean[i] + s.rest1 * (g - mean[i]);
    const float v = s.beta2 * square[i] + s.rest2 * (g * g);
    mean[i] = m;
    square[i] = v;
    param[i] = s.kept * param[i] - s.step_size * m / (__builtin_sqrtf(v) * s.deviation + s.eps);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[1].elements();
  const int64_t first = first_updated(spec);
  const double beta1 = spec.attrs.number("beta1");
  const double beta2 = spec.attrs.number("beta2");
  const double eps = spec.attrs.number("eps");
  const double decay = spec.attrs.number("weight_decay");
  const bool decoupled = spec.attrs.boolean("decoupled");
  const bool clipped = spec.inputs.size() > 6 && spec.inputs[6].present();
  return make_kernel_of([=](const KernelArgs& args) {
    const double lr = *args.in<float>(4);
    const double step = *args.in<float>(5);
    const Rates rates = {clipped ? *args.in<float>(6) : 1.0f,
                         static_cast<float>(decoupled ? 0.0 : decay),
                         static_cast<float>(decoupled ? 1.0 - lr * decay : 1.0),
                         static_cast<float>(1.0 - beta1),
                         static_cast<float>(beta2),
                         static_cast<float>(1.0 - beta2),
                         static_cast<float>(lr / (1.0 - std::pow(beta1, step))),
                         static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2, step))),
                         static_cast<float>(eps)};
    float *param = args.out<float>(0) + first, *mean = args.out<float>(1) + first;
    float* square = args.out<float>(2) + first;
    const float* grad = args.in<float>(1);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      adam_leaf(param + begin, mean + begin, square + begin, grad + begin, end - begin, rates);
    });
  });
}

const OpRegistration registration("adam", {make});

}  // namespace
}  // namespace iabn
