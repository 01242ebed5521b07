// Every element is attrs.value.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

template <class T>
std::unique_ptr<Kernel> make_fill(int64_t count, T value) {
  return make_kernel_of([=](const KernelArgs& args) {
    T* out = args.out<T>(0);
    parallel_elements(count, [&](int64_t begin, int64_t end) { std::fill(out + begin, out + end, value); });
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const double value = spec.attrs.number("value");
  const int64_t count = spec.outputs[0].elements();
  switch (spec.outputs[0].dtype) {
    case DType::f32:
      return make_fill(count, static_cast<float>(value));
    case DType::bf16:
      return make_fill(count, to_bf16(static_cast<float>(value)));
    case DType::i32:
      return make_fill(count, static_cast<int32_t>(value));
    default:
      throw std::invalid_argument("a constant is float32, bfloat16 or int32");
  }
}

const OpRegistration registration("constant", {make});

}  // namespace
}  // namespace iabn
