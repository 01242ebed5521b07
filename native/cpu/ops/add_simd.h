// Body of add.cc (each_isa.h).
#include "cpu/simd/exp_log_simd.h"
#include "cpu/simd/pairs_simd.h"
#include "cpu/simd/phi_simd.h"

template <class T>
void add(const T* a, const T* b, T* out, const Rows& shape, int64_t rows, Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t row = 0; row < rows; ++row) {
      const T *first = a + row * shape.a_pitch, *second = b + row * shape.b_pitch;
      T* sum = out + row * shape.out_pitch;
      for_pairs(shape.columns, [=](int64_t c, auto size) IABN_INLINE_LAMBDA {
        const Pair x = read_pair(first + c, size), y = read_pair(second + c, size);
        write_pair(sum + c, {phi.forward(x.a + y.a), phi.forward(x.b + y.b)}, size);
      });
    }
  });
}

constexpr Engine kEngine = {add<float>, add<bf16>};
