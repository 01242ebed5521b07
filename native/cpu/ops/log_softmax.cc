// y = x − log Σ exp(x) over the channels; y may be written over x.
#include <cmath>

#include "cpu/ops/same_shape.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void log_softmax(const T* x, T* y, int64_t rows, int64_t classes) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* from = x + row * classes;
    T* to = y + row * classes;
    const SoftmaxRow softmax = softmax_row(from, classes);
    const float log_sum = std::log(softmax.sum);
    // Subtract the maximum first: x and the maximum have similar size, so their difference is exact where it
    // matters.
    IABN_ELEMENTWISE
    for (int64_t k = 0; k < classes; ++k) store(to + k, (load(from + k) - softmax.max) - log_sum);
  }
}

IABN_SIMD void log_softmax_leaf(const float* x, float* y, int64_t rows, int64_t classes) {
  log_softmax(x, y, rows, classes);
}

IABN_SIMD void log_softmax_leaf(const bf16* x, bf16* y, int64_t rows, int64_t classes) {
  log_softmax(x, y, rows, classes);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_class_rows<1>(spec, [](auto... range) { log_softmax_leaf(range...); });
}

const OpRegistration registration("log_softmax", {make});

}  // namespace
}  // namespace iabn
