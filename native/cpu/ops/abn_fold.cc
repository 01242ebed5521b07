// w' = g·w,  b' = β + g·(b − μ) with g = s/√(σ² + ε).   w f32 [O,…]; all others f32 [O]; γ, β, b may be
// absent. w' may overwrite w.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/abn.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t outputs = spec.outputs[1].elements();
  const int64_t fan_in = outputs == 0 ? 0 : spec.inputs[0].elements() / outputs;
  const AbnScale scale = parse_scale(spec.attrs);
  return make_kernel_of([=](const KernelArgs& args) {
    const float* weight = args.in<float>(0);
    const float* mean = args.in<float>(1);
    const float* var = args.in<float>(2);
    const float* gamma = args.in<float>(3);
    const float* beta = args.in<float>(4);
    const float* bias = args.in<float>(5);
    float* folded = args.out<float>(0);
    parallel_tasks(outputs, outputs * fan_in, [=](int64_t o) {
      const double gain = scale(gamma, o) * scale.inverse_deviation(var, o);
      const double shift = (bias == nullptr ? 0.0 : double(bias[o])) - mean[o];
      args.out<float>(1)[o] = static_cast<float>((beta == nullptr ? 0.0 : double(beta[o])) + gain * shift);
      for (int64_t i = o * fan_in; i < (o + 1) * fan_in; ++i) {
        folded[i] = static_cast<float>(gain * weight[i]);
      }
    });
  });
}

const OpRegistration registration("abn_fold", {make});

}  // namespace
}  // namespace iabn
