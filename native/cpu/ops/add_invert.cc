// a = φ⁻¹(out) − b: rebuilds one term of a sum from the sum and the other term; a may overwrite out.
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"
#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void subtract(const T* sum, const T* b, T* a, int64_t count, Activation activation) {
  with_inverse(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    store_all(a, count,
              [=](int64_t i) IABN_INLINE_LAMBDA { return phi.invert(load(sum + i)) - load(b + i); });
  });
}

IABN_SIMD void subtract_leaf(const float* sum, const float* b, float* a, int64_t count,
                             Activation activation) {
  subtract(sum, b, a, count, activation);
}

IABN_SIMD void subtract_leaf(const bf16* sum, const bf16* b, bf16* a, int64_t count, Activation activation) {
  subtract(sum, b, a, count, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_activated<2>(spec, [](auto... range) { subtract_leaf(range...); });
}

const OpRegistration registration("add_invert", {make});

}  // namespace
}  // namespace iabn
