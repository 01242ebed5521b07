// out = φ(a + b), the end of a residual block; out may overwrite a or b.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/activation.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

// Rows of `columns` elements, with a pitch per tensor; a dense tensor is one row.
struct Rows {
  int64_t columns;
  int64_t a_pitch;
  int64_t b_pitch;
  int64_t out_pitch;
};

template <class T>
using Leaf = void(const T* a, const T* b, T* out, const Rows& shape, int64_t rows, Activation activation);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/add_simd.h"
#include "cpu/simd/each_isa.h"

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &first = spec.inputs[0], &second = spec.inputs[1], &sum = spec.outputs[0];
  const bool dense = first.dense() && second.dense() && sum.dense();
  const int64_t count = first.elements(), rows = first.rows();
  const Rows slice = {first.channels(), first.row_pitch(), second.row_pitch(), sum.row_pitch()};
  const Activation activation = parse_activation(spec.attrs);
  const Engine& engine = engine_for(vector_lanes());
  return make_data_kernel(first.dtype, [=, &engine](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* a = args.in<T>(0);
    const T* b = args.in<T>(1);
    T* out = args.out<T>(0);
    if (dense) {
      parallel_elements(count, [&](int64_t begin, int64_t end) {
        engine.of<T>()(a + begin, b + begin, out + begin, Rows{end - begin, 0, 0, 0}, 1, activation);
      });
      return;
    }
    parallel_range(rows, slice.columns, 1, [&](int64_t begin, int64_t end) {
      engine.of<T>()(a + begin * slice.a_pitch, b + begin * slice.b_pitch, out + begin * slice.out_pitch,
                     slice, end - begin, activation);
    });
  });
}

const OpRegistration registration("add", {make});

}  // namespace
}  // namespace iabn
