// r ← (1 − a)·r + a·batch for mean and variance (unbiased: ·m/(m − 1)); num_batches ← num_batches + 1. a is
// the momentum, or 1/num_batches for the cumulative average. All three are updated in place.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

struct Rule {
  bool cumulative;
  double momentum;
  double known;  // samples, unless they are counted over several processes
};

void run(const Context& context, int64_t channels, Rule rule, bool has_count, const KernelArgs& args) {
  float *running_mean = args.out<float>(0), *running_var = args.out<float>(1);
  int64_t* num_batches = args.out<int64_t>(2);
  const float *mean = args.in<float>(3), *var = args.in<float>(4);
  const float* counted = has_count ? args.in<float>(5) : nullptr;
  for_items(context, channels, [=] __device__(int64_t c) {
    const double count = counted == nullptr ? rule.known : static_cast<double>(*counted);
    const double unbiased = count / (count - 1.0);
    const double a = rule.cumulative ? 1.0 / static_cast<double>(*num_batches + 1) : rule.momentum;
    running_mean[c] = static_cast<float>((1.0 - a) * running_mean[c] + a * mean[c]);
    running_var[c] = static_cast<float>((1.0 - a) * running_var[c] + a * unbiased * var[c]);
  });
  // After all channels have read it.
  for_items(context, 1, [=] __device__(int64_t) { *num_batches += 1; });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t channels = spec.inputs[0].elements();
  const bool cumulative = spec.attrs.boolean("cumulative");
  const Rule rule = {cumulative, cumulative ? 0.0 : spec.attrs.number("momentum"),
                     spec.attrs.number("count")};
  const bool has_count = spec.inputs.size() > 5 && spec.inputs[5].present();
  return make_kernel_of(
      [=, &context](const KernelArgs& args) { run(context, channels, rule, has_count, args); });
}

const OpRegistration registration("abn_running", {make});

}  // namespace
}  // namespace iabn::cuda
