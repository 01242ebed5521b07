// Sum of the rows of x in a balanced tree, so that a sum of sums of neighboring rows has the bits of the sum
// of all.
#include <stdexcept>

#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <int kRows, class T>
__device__ T tree_of(const T* x, int64_t length) {
  if constexpr (kRows == 1) {
    return *x;
  } else {
    return tree_of<kRows / 2>(x, length) + tree_of<kRows / 2>(x + kRows / 2 * length, length);
  }
}

template <int kRows, class T>
void sum_rows(const Context& context, const T* x, int64_t length, T* sum) {
  for_items(context, length, [=] __device__(int64_t i) { sum[i] = tree_of<kRows>(x + i, length); });
}

template <class T>
void sum_any(const Context& context, const T* x, int64_t rows, int64_t length, T* sum) {
  switch (rows) {
    case 1:
      return sum_rows<1>(context, x, length, sum);
    case 2:
      return sum_rows<2>(context, x, length, sum);
    case 4:
      return sum_rows<4>(context, x, length, sum);
    case 8:
      return sum_rows<8>(context, x, length, sum);
    case 16:
      return sum_rows<16>(context, x, length, sum);
    case 32:
      return sum_rows<32>(context, x, length, sum);
    default:
      return sum_rows<64>(context, x, length, sum);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.attrs.integer("rows"), length = spec.outputs[0].elements();
  if (rows < 1 || rows > 64 || (rows & (rows - 1)) != 0) {
    throw std::invalid_argument("a tree has 1, 2, 4, … or 64 rows");
  }
  const bool integers = spec.inputs[0].dtype == DType::i32;
  return make_kernel_of([=, &context](const KernelArgs& args) {
    if (integers) return sum_any(context, args.in<int32_t>(0), rows, length, args.out<int32_t>(0));
    return sum_any(context, args.in<float>(0), rows, length, args.out<float>(0));
  });
}

const OpRegistration registration("tree_sum", {make});

}  // namespace
}  // namespace iabn::cuda
