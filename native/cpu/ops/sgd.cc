// SGD as in PyTorch (dampening 0), updating parameter and momentum in place:
//   g = clip·grad + wd·p;   buf ← μ·buf + g;   p ← p − lr·d,  d = nesterov ? g + μ·buf : buf  (no buf: d = g)
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "program/update.h"

namespace iabn {
namespace {

struct Rates {
  float lr, clip, decay, momentum;
};

IABN_SIMD void plain_leaf(float* param, const float* grad, int64_t count, Rates s) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) {
    param[i] -= s.lr * (s.clip * grad[i] + s.decay * param[i]);
  }
}

IABN_SIMD void momentum_leaf(float* param, float* buffer, const float* grad, int64_t count, Rates s) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) {
    const float buf = s.momentum * buffer[i] + (s.clip * grad[i] + s.decay * param[i]);
    buffer[i] = buf;
    param[i] -= s.lr * buf;
  }
}

IABN_SIMD void nesterov_leaf(float* param, float* buffer, const float* grad, int64_t count, Rates s) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) {
    const float g = s.clip * grad[i] + s.decay * param[i];
    const float buf = s.momentum * buffer[i] + g;
    buffer[i] = buf;
    param[i] -= s.lr * (g + s.momentum * buf);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[1].elements();
  const int64_t first = first_updated(spec);
  const float momentum = static_cast<float>(spec.attrs.number("momentum"));
  const float decay = static_cast<float>(spec.attrs.number("weight_decay"));
  const bool nesterov = spec.attrs.boolean("nesterov");
  const bool clipped = spec.inputs.size() > 4 && spec.inputs[4].present();
  const bool buffered = spec.inputs[2].present();
  return make_kernel_of([=](const KernelArgs& args) {
    float* param = args.out<float>(0) + first;
    float* buffer = buffered ? args.out<float>(1) + first : nullptr;
    const float* grad = args.in<float>(1);
    const Rates rates = {*args.in<float>(3), clipped ? *args.in<float>(4) : 1.0f, decay, momentum};
    const auto leaf = nesterov ? nesterov_leaf : momentum_leaf;
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      if (!buffered) return plain_leaf(param + begin, grad + begin, end - begin, rates);
      leaf(param + begin, buffer + begin, grad + begin, end - begin, rates);
    });
  });
}

const OpRegistration registration("sgd", {make});

}  // namespace
}  // namespace iabn
