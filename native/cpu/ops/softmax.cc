// y = exp(x − max) / Σ exp(x − max) over the channels; y may overwrite x.
#include "cpu/ops/softmax.h"

#include "cpu/ops/same_shape.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void softmax(const T* x, T* y, int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* from = x + row * classes;
    T* to = y + row * classes;
    const SoftmaxRow softmax = softmax_row(from, classes);
    const float share = 1.0f / softmax.sum;
    IABN_ELEMENTWISE
    for (int64_t k = 0; k < classes; ++k)
      store(to + k, exp_nonpositive(load(from + k) - softmax.max) * share);
  }
}

IABN_SIMD void softmax_leaf(const float* x, float* y, int64_t rows, int64_t classes) {
  softmax(x, y, rows, classes);
}

IABN_SIMD void softmax_leaf(const bf16* x, bf16* y, int64_t rows, int64_t classes) {
  softmax(x, y, rows, classes);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_class_rows<1>(spec, [](auto... range) { softmax_leaf(range...); });
}

const OpRegistration registration("softmax", {make});

}  // namespace
}  // namespace iabn
