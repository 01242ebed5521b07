// dx = Σ dy over the windows whose maximum is this element. A gather: each element of dx is written once, by
// one thread, with its windows added in order.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/pooling.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

constexpr int64_t kMostTaps = 256;  // places are bytes

// A window that contains an element of x.
template <class T>
struct Window {
  const T* dy;
  const uint8_t* places;
  int32_t here;  // place of the element
};

template <class T>
using Leaf = void(const PoolShape& s, const T* dy, const uint8_t* index, T* dx, int64_t row);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/max_pool_backward_simd.h"
#include "cpu/simd/each_isa.h"

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  if (s.kh * s.kw > kMostTaps) throw Refused("max_pool_backward: a kernel of more than 256 taps");
  const Engine& engine = engine_for(vector_lanes());
  return make_data_kernel(spec.inputs[0].dtype, [s, &engine](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* const dy = args.in<T>(0);
    const uint8_t* const index = args.in<uint8_t>(1);
    T* const dx = args.out<T>(0);
    parallel_tasks(s.n * s.h, s.n * s.h * s.w * s.c,
                   [&](int64_t row) { engine.of<T>()(s, dy, index, dx, row); });
  });
}

OpRegistration registration("max_pool_backward", {make});

}  // namespace
}  // namespace iabn
