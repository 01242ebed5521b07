// r ← (1 − a)·r + a·batch for mean and variance (unbiased: ·m/(m − 1)); num_batches ← num_batches + 1. a is
// the momentum, or 1/num_batches for the cumulative average. All three are updated in place.
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t channels = spec.inputs[0].elements();
  const bool cumulative = spec.attrs.boolean("cumulative");
  const double momentum = cumulative ? 0.0 : spec.attrs.number("momentum");
  const double known = spec.attrs.number("count");
  const bool counted = spec.inputs.size() > 5 && spec.inputs[5].present();
  return make_kernel_of([=](const KernelArgs& args) {
    float* running_mean = args.out<float>(0);
    float* running_var = args.out<float>(1);
    int64_t* num_batches = args.out<int64_t>(2);
    const float* mean = args.in<float>(3);
    const float* var = args.in<float>(4);
    const double count = counted ? *args.in<float>(5) : known;
    const double unbiased = count / (count - 1.0);
    *num_batches += 1;
    const double a = cumulative ? 1.0 / static_cast<double>(*num_batches) : momentum;
    for (int64_t c = 0; c < channels; ++c) {
      running_mean[c] = static_cast<float>((1.0 - a) * running_mean[c] + a * mean[c]);
      running_var[c] = static_cast<float>((1.0 - a) * running_var[c] + a * unbiased * var[c]);
    }
  });
}

const OpRegistration registration("abn_running", {make});

}  // namespace
}  // namespace iabn
