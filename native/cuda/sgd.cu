// SGD as in PyTorch (dampening 0), updating parameter and momentum in place:
//   g = clip·grad + wd·p;   buf ← μ·buf + g;   p ← p − lr·d,  d = nesterov ? g + μ·buf : buf  (no buf: d = g)
#include "cuda/support/updates.h"
#include "program/update.h"

namespace iabn::cuda {
namespace {

struct SgdRule {
  float momentum, decay;
  bool nesterov;
};

struct SgdUpdate {
  struct Rates {
    float lr, clip;
  };
  SgdRule rule;
  float* param;
  float* buffer;  // null: none
  const float *grad, *lr, *clip;

  __device__ Rates rates() const { return {*lr, clip == nullptr ? 1.0f : *clip}; }
  __device__ void operator()(const Rates& rates, int64_t i) const {
    const float g = rates.clip * grad[i] + rule.decay * param[i];
    float direction = g;
    if (buffer != nullptr) {
      const float buf = rule.momentum * buffer[i] + g;
      buffer[i] = buf;
      direction = rule.nesterov ? g + rule.momentum * buf : buf;
    }
    param[i] -= rates.lr * direction;
  }
};

struct BindSgd {
  SgdRule rule;
  bool buffered, clipped;
  int64_t first;  // element of the parameter

  SgdUpdate operator()(const KernelArgs& args) const {
    return {rule,
            args.out<float>(0) + first,
            buffered ? args.out<float>(1) + first : nullptr,
            args.in<float>(1),
            args.in<float>(3),
            clipped ? args.in<float>(4) : nullptr};
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const SgdRule rule = {static_cast<float>(spec.attrs.number("momentum")),
                        static_cast<float>(spec.attrs.number("weight_decay")),
                        spec.attrs.boolean("nesterov")};
  const bool clipped = spec.inputs.size() > 4 && spec.inputs[4].present();
  const BindSgd bind = {rule, spec.inputs[2].present(), clipped, first_updated(spec)};
  return std::make_unique<UpdateKernel<SgdUpdate, BindSgd>>(context, spec.inputs[1].elements(), bind);
}

const OpRegistration registration("sgd", {make});

}  // namespace
}  // namespace iabn::cuda
