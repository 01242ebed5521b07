// Stochastic gradient descent as PyTorch's (dampening 0), parameter and momentum updated where they lie:
//   g = clip·grad + wd·p;   buf ← μ·buf + g;   p ← p − lr·d,  d = nesterov ? g + μ·buf : buf  (no buf: d = g)
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

struct Rule {
  float momentum, decay;
  bool nesterov;
};

struct State {
  float* param;
  float* buffer;  // null: none
  const float *grad, *lr, *clip;
};

void run(const Context& context, int64_t count, Rule rule, State s) {
  for_items(context, count, [=] __device__(int64_t i) {
    const float g = (s.clip == nullptr ? 1.0f : *s.clip) * s.grad[i] + rule.decay * s.param[i];
    float direction = g;
    if (s.buffer != nullptr) {
      const float buf = rule.momentum * s.buffer[i] + g;
      s.buffer[i] = buf;
      direction = rule.nesterov ? g + rule.momentum * buf : buf;
    }
    s.param[i] -= *s.lr * direction;
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const Rule rule = {static_cast<float>(spec.attrs.number("momentum")),
                     static_cast<float>(spec.attrs.number("weight_decay")), spec.attrs.boolean("nesterov")};
  const bool clipped = spec.inputs.size() > 4 && spec.inputs[4].present();
  const bool buffered = spec.inputs[2].present();
  return make_kernel_of([=, &context](const KernelArgs& args) {
    run(context, count, rule,
        {args.out<float>(0), buffered ? args.out<float>(1) : nullptr, args.in<float>(1), args.in<float>(3),
         clipped ? args.in<float>(4) : nullptr});
  });
}

const OpRegistration registration("sgd", {make});

}  // namespace
}  // namespace iabn::cuda
