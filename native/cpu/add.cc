// out = φ(a + b), the end of a residual block; out may be written over a or b.
#include "cpu/activation.h"
#include "cpu/closure.h"
#include "cpu/parallel.h"
#include "cpu/store.h"

namespace iabn {
namespace {

// Rows of `columns` elements, each tensor's `pitch` apart; a dense tensor is one row.
struct Rows {
  int64_t columns;
  int64_t a_pitch;
  int64_t b_pitch;
  int64_t out_pitch;
};

template <class T>
IABN_INLINE void add(const T* a, const T* b, T* out, Rows shape, int64_t rows, Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t row = 0; row < rows; ++row) {
      const T *first = a + row * shape.a_pitch, *second = b + row * shape.b_pitch;
      T* sum = out + row * shape.out_pitch;
      store_all(sum, shape.columns, [=](int64_t i) IABN_INLINE_LAMBDA {
        return phi.forward(load(first + i) + load(second + i));
      });
    }
  });
}

IABN_SIMD void add_leaf(const float* a, const float* b, float* out, Rows shape, int64_t rows,
                        Activation activation) {
  add(a, b, out, shape, rows, activation);
}

IABN_SIMD void add_leaf(const bf16* a, const bf16* b, bf16* out, Rows shape, int64_t rows,
                        Activation activation) {
  add(a, b, out, shape, rows, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &first = spec.inputs[0], &second = spec.inputs[1], &sum = spec.outputs[0];
  const bool dense = first.dense() && second.dense() && sum.dense();
  const int64_t count = first.elements(), rows = first.rows();
  const Rows slice = {first.channels(), first.row_pitch(), second.row_pitch(), sum.row_pitch()};
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(first.dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* a = args.in<T>(0);
    const T* b = args.in<T>(1);
    T* out = args.out<T>(0);
    if (dense) {
      parallel_elements(count, [&](int64_t begin, int64_t end) {
        add_leaf(a + begin, b + begin, out + begin, Rows{end - begin, 0, 0, 0}, 1, activation);
      });
      return;
    }
    parallel_range(rows, slice.columns, 1, [&](int64_t begin, int64_t end) {
      add_leaf(a + begin * slice.a_pitch, b + begin * slice.b_pitch, out + begin * slice.out_pitch, slice,
               end - begin, activation);
    });
  });
}

const OpRegistration registration("add", {make});

}  // namespace
}  // namespace iabn
