// dx = φ′·dz with φ′ from z = φ(x); dx may overwrite dz or z.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"

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
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* dz = args.in<T>(0);
    const T* z = args.in<T>(1);
    T* dx = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      backward_leaf(dz + begin, z + begin, dx + begin, end - begin, activation);
    });
  });
}

const OpRegistration registration("activation_backward", {make});

}  // namespace
}  // namespace iabn
