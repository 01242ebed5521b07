// z = φ(x); z may overwrite x.
#include "cpu/ops/activation.h"

#include "cpu/loops/store.h"
#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void forward(const T* x, T* z, int64_t count, Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    store_all(z, count, [=](int64_t i) IABN_INLINE_LAMBDA { return phi.forward(load(x + i)); });
  });
}

IABN_SIMD void forward_leaf(const float* x, float* z, int64_t count, Activation activation) {
  forward(x, z, count, activation);
}

IABN_SIMD void forward_leaf(const bf16* x, bf16* z, int64_t count, Activation activation) {
  forward(x, z, count, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_activated<1>(spec, [](auto... range) { forward_leaf(range...); });
}

const OpRegistration registration("activation", {make});

}  // namespace
}  // namespace iabn
