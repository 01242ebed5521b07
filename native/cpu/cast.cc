// float32 to bfloat16 (nearest, ties to even) and back; never in place.
#include "cpu/cast.h"

#include "cpu/closure.h"
#include "cpu/parallel.h"
#include "cpu/store.h"

namespace iabn {
namespace {

void cast_leaf(const float* x, bf16* out, int64_t count) { narrow(x, out, count); }
void cast_leaf(const bf16* x, float* out, int64_t count) { widen(x, out, count); }

template <class From, class To>
void cast_all(const From* from, To* to, int64_t count) {
  parallel_elements(count,
                    [&](int64_t begin, int64_t end) { cast_leaf(from + begin, to + begin, end - begin); });
}

template <class From, class To>
std::unique_ptr<Kernel> make_cast(int64_t count) {
  return make_kernel_of([=](const KernelArgs& args) { cast_all(args.in<From>(0), args.out<To>(0), count); });
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

void cast_elements(const bf16* from, float* to, int64_t count) { cast_all(from, to, count); }
void cast_elements(const float* from, bf16* to, int64_t count) { cast_all(from, to, count); }

}  // namespace iabn
