// In-place running sum: state ← keep·state + factor·value. With keep 0 the previous state is ignored, even
// NaN.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "program/update.h"

namespace iabn {
namespace {

IABN_SIMD void begin_leaf(float* state, const float* value, int64_t count, float factor) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) state[i] = factor * value[i];
}

IABN_SIMD void keep_leaf(float* state, const float* value, int64_t count, float keep, float factor) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) state[i] = keep * state[i] + factor * value[i];
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[1].elements();
  const int64_t first = first_updated(spec);
  return make_kernel_of([=](const KernelArgs& args) {
    float* state = args.out<float>(0) + first;
    const float* value = args.in<float>(1);
    const float keep = *args.in<float>(2), factor = *args.in<float>(3);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      if (keep == 0.0f) return begin_leaf(state + begin, value + begin, end - begin, factor);
      keep_leaf(state + begin, value + begin, end - begin, keep, factor);
    });
  });
}

const OpRegistration registration("accumulate", {make});

}  // namespace
}  // namespace iabn
