// w' = g·w,  b' = β + g·(b − μ) with g = s/√(σ² + ε).   w f32 [O,…]; all others f32 [O]; γ, β, b may be
// absent. w' may overwrite w.
#include "cuda/support/abn.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

void run(const Context& context, int64_t outputs, int64_t fan_in, AbnScale scale, const KernelArgs& args) {
  const SavedLayer layer = {args.in<float>(1), args.in<float>(2), args.in<float>(3), args.in<float>(4),
                            scale};
  const float *weight = args.in<float>(0), *bias = args.in<float>(5);
  float *folded = args.out<float>(0), *shift = args.out<float>(1);
  for_items(context, outputs, [=] __device__(int64_t o) {
    const float offset = (bias == nullptr ? 0.0f : bias[o]) - layer.mean[o];
    shift[o] = layer.shift_of(o) + layer.gain(o) * offset;
  });
  for_items(context, outputs * fan_in,
            [=] __device__(int64_t i) { folded[i] = layer.gain(i / fan_in) * weight[i]; });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t outputs = spec.outputs[1].elements();
  const int64_t fan_in = outputs == 0 ? 0 : spec.inputs[0].elements() / outputs;
  const AbnScale scale = parse_scale(spec.attrs);
  return make_kernel_of(
      [=, &context](const KernelArgs& args) { run(context, outputs, fan_in, scale, args); });
}

const OpRegistration registration("abn_fold", {make});

}  // namespace
}  // namespace iabn::cuda
