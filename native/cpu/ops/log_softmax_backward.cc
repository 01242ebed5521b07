// dx = dy − exp(y)·Σ_k dy over the channels; dx may be written over y or dy.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/exp_log.h"

namespace iabn {
namespace {

// Σ_k in an order that the number of classes alone decides.
template <class T>
IABN_INLINE float row_sum(const T* a, int64_t classes) {
  constexpr int lanes = 16;
  const int64_t whole = classes - classes % lanes;
  float lane[lanes];
  for (int j = 0; j < lanes; ++j) lane[j] = 0.0f;
  for (int64_t k = 0; k < whole; k += lanes) {
    for (int j = 0; j < lanes; ++j) lane[j] += load(a + k + j);
  }
  float sum = 0.0f;
  for (int64_t k = whole; k < classes; ++k) sum += load(a + k);
  for (int j = 0; j < lanes; ++j) sum += lane[j];
  return sum;
}

template <class T>
IABN_INLINE void backward(const T* y, const T* dy, T* dx, int64_t classes, int64_t rows) {
  for (int64_t row = 0; row < rows; ++row) {
    const T *log_p = y + row * classes, *dp = dy + row * classes;
    T* to = dx + row * classes;
    const float sum = row_sum(dp, classes);
    IABN_ELEMENTWISE
    for (int64_t k = 0; k < classes; ++k) {
      store(to + k, load(dp + k) - exp_nonpositive(load(log_p + k)) * sum);
    }
  }
}

IABN_SIMD void backward_leaf(const float* y, const float* dy, float* dx, int64_t classes, int64_t rows) {
  backward(y, dy, dx, classes, rows);
}

IABN_SIMD void backward_leaf(const bf16* y, const bf16* dy, bf16* dx, int64_t classes, int64_t rows) {
  backward(y, dy, dx, classes, rows);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* y = args.in<T>(0);
    const T* dy = args.in<T>(1);
    T* dx = args.out<T>(0);
    parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * classes;
      backward_leaf(y + first, dy + first, dx + first, classes, end - begin);
    });
  });
}

const OpRegistration registration("log_softmax_backward", {make});

}  // namespace
}  // namespace iabn
