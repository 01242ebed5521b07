// z = φ(x); z may overwrite x.
#include "cpu/ops/activation.h"

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"

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
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* x = args.in<T>(0);
    T* z = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      forward_leaf(x + begin, z + begin, end - begin, activation);
    });
  });
}

const OpRegistration registration("activation", {make});

}  // namespace
}  // namespace iabn
