// In-place running sum: state ← keep·state + factor·value. With keep 0 the previous state is ignored, even
// NaN.
#include "cuda/support/updates.h"
#include "program/update.h"

namespace iabn::cuda {
namespace {

struct Accumulate {
  struct Rates {
    float keep, factor;
  };
  float* state;
  const float *value, *keep, *factor;

  __device__ Rates rates() const { return {*keep, *factor}; }
  __device__ void operator()(const Rates& rates, int64_t i) const {
    const float before = rates.keep == 0.0f ? 0.0f : rates.keep * state[i];
    state[i] = before + rates.factor * value[i];
  }
};

struct BindAccumulate {
  int64_t first;  // element of the state

  Accumulate operator()(const KernelArgs& args) const {
    return {args.out<float>(0) + first, args.in<float>(1), args.in<float>(2), args.in<float>(3)};
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const BindAccumulate bind = {first_updated(spec)};
  return std::make_unique<UpdateKernel<Accumulate, BindAccumulate>>(context, spec.inputs[1].elements(), bind);
}

const OpRegistration registration("accumulate", {make});

}  // namespace
}  // namespace iabn::cuda
