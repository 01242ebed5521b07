// y = exp(x − max) / Σ exp(x − max) over the channels; y may be written over x.
#include "cpu/ops/softmax.h"

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void softmax(const T* x, T* y, int64_t classes, int64_t rows) {
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

IABN_SIMD void softmax_leaf(const float* x, float* y, int64_t classes, int64_t rows) {
  softmax(x, y, classes, rows);
}

IABN_SIMD void softmax_leaf(const bf16* x, bf16* y, int64_t classes, int64_t rows) {
  softmax(x, y, classes, rows);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* x = args.in<T>(0);
    T* y = args.out<T>(0);
    parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
      softmax_leaf(x + begin * classes, y + begin * classes, classes, end - begin);
    });
  });
}

const OpRegistration registration("softmax", {make});

}  // namespace
}  // namespace iabn
