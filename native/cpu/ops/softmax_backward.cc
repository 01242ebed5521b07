// dx = y·(dy − Σ_k dy·y) over the channels; dx may overwrite y or dy.
#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

// Σ_k a·b in an order that depends only on the number of classes.
template <class T>
IABN_INLINE float row_dot(const T* a, const T* b, int64_t classes) {
  constexpr int lanes = 16;
  const int64_t whole = classes - classes % lanes;
  float lane[lanes];
  for (int j = 0; j < lanes; ++j) lane[j] = 0.0f;
  for (int64_t k = 0; k < whole; k += lanes) {
    for (int j = 0; j < lanes; ++j) lane[j] += load(a + k + j) * load(b + k + j);
  }
  float sum = 0.0f;
  for (int64_t k = whole; k < classes; ++k) sum += load(a + k) * load(b + k);
  for (int j = 0; j < lanes; ++j) sum += lane[j];
  return sum;
}

template <class T>
IABN_INLINE void backward(const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const T *p = y + row * classes, *dp = dy + row * classes;
    T* to = dx + row * classes;
    const float sum = row_dot(p, dp, classes);
    IABN_ELEMENTWISE
    for (int64_t k = 0; k < classes; ++k) store(to + k, load(p + k) * (load(dp + k) - sum));
  }
}

IABN_SIMD void backward_leaf(const float* y, const float* dy, float* dx, int64_t rows, int64_t classes) {
  backward(y, dy, dx, rows, classes);
}

IABN_SIMD void backward_leaf(const bf16* y, const bf16* dy, bf16* dx, int64_t rows, int64_t classes) {
  backward(y, dy, dx, rows, classes);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_class_rows<2>(spec, [](auto... range) { backward_leaf(range...); });
}

const OpRegistration registration("softmax_backward", {make});

}  // namespace
}  // namespace iabn
