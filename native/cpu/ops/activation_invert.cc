// y = φ⁻¹(z); y may overwrite z.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"

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
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* z = args.in<T>(0);
    T* y = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      invert_leaf(z + begin, y + begin, end - begin, activation);
    });
  });
}

const OpRegistration registration("activation_invert", {make});

}  // namespace
}  // namespace iabn
