// y = φ⁻¹(z); y may overwrite z.
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"
#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void invert(const T* z, T* y, int64_t count, Activation activation) {
  with_inverse(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    store_all(y, count, [=](int64_t i) IABN_INLINE_LAMBDA { return phi.invert(load(z + i)); });
  });
}

IABN_SIMD void invert_leaf(const float* z, float* y, int64_t count, Activation activation) {
  invert(z, y, count, activation);
}

IABN_SIMD void invert_leaf(const bf16* z, bf16* y, int64_t count, Activation activation) {
  invert(z, y, count, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_activated<1>(spec, [](auto... range) { invert_leaf(range...); });
}

const OpRegistration registration("activation_invert", {make});

}  // namespace
}  // namespace iabn
