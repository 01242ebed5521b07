// Converts float32 to bfloat16 (nearest, ties to even) and back; never in place.
#include "cpu/ops/cast.h"

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"

namespace iabn {
namespace {

template <class From, class To>
std::unique_ptr<Kernel> make_cast(int64_t count) {
  return make_kernel_of(
      [=](const KernelArgs& args) { cast_elements(args.in<From>(0), args.out<To>(0), count); });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const DType from = spec.inputs[0].dtype;
  const DType to = spec.outputs[0].dtype;
  const int64_t count = spec.inputs[0].elements();
  if (from == DType::f32 && to == DType::bf16) return make_cast<float, bf16>(count);
  if (from == DType::bf16 && to == DType::f32) return make_cast<bf16, float>(count);
  throw std::invalid_argument("cast goes from float32 to bfloat16 or back");
}

const OpRegistration registration("cast", {make});

}  // namespace

void cast_elements(const bf16* from, float* to, int64_t count) {
  parallel_elements(count, [=](int64_t begin, int64_t end) { widen(from + begin, to + begin, end - begin); });
}

void cast_elements(const float* from, bf16* to, int64_t count) {
  parallel_elements(count,
                    [=](int64_t begin, int64_t end) { narrow(from + begin, to + begin, end - begin); });
}

}  // namespace iabn
