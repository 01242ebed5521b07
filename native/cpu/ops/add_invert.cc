// a = φ⁻¹(out) − b: rebuilds one term of a sum from the sum and the other term; a may overwrite out.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"

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
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* sum = args.in<T>(0);
    const T* b = args.in<T>(1);
    T* a = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      subtract_leaf(sum + begin, b + begin, a + begin, end - begin, activation);
    });
  });
}

const OpRegistration registration("add_invert", {make});

}  // namespace
}  // namespace iabn
