// dx = φ′·dz with φ′ from z = φ(x); dx may overwrite dz or z.
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"
#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void backward(const T* dz, const T* z, T* dx, int64_t count, Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    store_all(dx, count,
              [=](int64_t i) IABN_INLINE_LAMBDA { return phi.backward(load(z + i), load(dz + i)); });
  });
}

IABN_SIMD void backward_leaf(const float* dz, const float* z, float* dx, int64_t count,
                             Activation activation) {
  backward(dz, z, dx, count, activation);
}

IABN_SIMD void backward_leaf(const bf16* dz, const bf16* z, bf16* dx, int64_t count, Activation activation) {
  backward(dz, z, dx, count, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_activated<2>(spec, [](auto... range) { backward_leaf(range...); });
}

const OpRegistration registration("activation_backward", {make});

}  // namespace
}  // namespace iabn
