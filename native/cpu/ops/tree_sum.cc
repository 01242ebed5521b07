// Sum of the rows of x in a balanced tree, so that a sum of sums of neighboring rows has the bits of the sum
// of all.
#include <stdexcept>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

template <int kRows, class T>
IABN_INLINE T tree_of(const T* x, int64_t length) {
  if constexpr (kRows == 1) {
    return *x;
  } else {
    return tree_of<kRows / 2>(x, length) + tree_of<kRows / 2>(x + kRows / 2 * length, length);
  }
}

template <int kRows, class T>
IABN_INLINE void sum_rows(const T* x, int64_t length, T* sum, int64_t begin, int64_t end) {
  IABN_ELEMENTWISE
  for (int64_t i = begin; i < end; ++i) sum[i] = tree_of<kRows>(x + i, length);
}

template <int kRows = 1, class T>
IABN_INLINE void sum_any(const T* x, int64_t rows, int64_t length, T* sum, int64_t begin, int64_t end) {
  if constexpr (kRows < 64) {
    if (rows != kRows) return sum_any<2 * kRows>(x, rows, length, sum, begin, end);
  }
  sum_rows<kRows>(x, length, sum, begin, end);
}

IABN_SIMD void sum_leaf(const float* x, int64_t rows, int64_t length, float* sum, int64_t begin,
                        int64_t end) {
  sum_any(x, rows, length, sum, begin, end);
}

IABN_SIMD void sum_leaf(const int32_t* x, int64_t rows, int64_t length, int32_t* sum, int64_t begin,
                        int64_t end) {
  sum_any(x, rows, length, sum, begin, end);
}

template <class T>
std::unique_ptr<Kernel> make_for(int64_t rows, int64_t length) {
  return make_kernel_of([=](const KernelArgs& args) {
    const T* x = args.in<T>(0);
    T* sum = args.out<T>(0);
    parallel_elements(length,
                      [&](int64_t begin, int64_t end) { sum_leaf(x, rows, length, sum, begin, end); });
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.attrs.integer("rows"), length = spec.outputs[0].elements();
  if (rows < 1 || rows > 64 || (rows & (rows - 1)) != 0) {
    throw std::invalid_argument("a tree has 1, 2, 4, … or 64 rows");
  }
  return spec.inputs[0].dtype == DType::i32 ? make_for<int32_t>(rows, length) : make_for<float>(rows, length);
}

const OpRegistration registration("tree_sum", {make});

}  // namespace
}  // namespace iabn
