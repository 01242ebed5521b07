// out = φ(a + b), the end of a residual block; out may be written over a or b.
#include "cpu/activation.h"
#include "cpu/closure.h"
#include "cpu/parallel.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void add(const T* a, const T* b, T* out, int64_t count, Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    IABN_ELEMENTWISE
    for (int64_t i = 0; i < count; ++i) store(out + i, phi.forward(load(a + i) + load(b + i)));
  });
}

IABN_SIMD void add_leaf(const float* a, const float* b, float* out, int64_t count, Activation activation) {
  add(a, b, out, count, activation);
}

IABN_SIMD void add_leaf(const bf16* a, const bf16* b, bf16* out, int64_t count, Activation activation) {
  add(a, b, out, count, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* a = args.in<T>(0);
    const T* b = args.in<T>(1);
    T* out = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) {
      add_leaf(a + begin, b + begin, out + begin, end - begin, activation);
    });
  });
}

const OpRegistration registration("add", {make});

}  // namespace
}  // namespace iabn
