// out = φ(a + b), the end of a residual block; out may overwrite a or b.
#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/rows.h"

namespace iabn::cuda {
namespace {

template <class Phi>
struct Sum {
  Phi phi;
  __device__ float operator()(float a, float b) const { return phi.forward(a + b); }
};

template <class T>
struct Operands {
  const T *a, *b;
  T* out;
  int64_t a_pitch, b_pitch, out_pitch;
};

template <class T, class Op>
__global__ void __launch_bounds__(kThreads) add_rows(RowMap map, Operands<T> at, Op op) {
  const RowCell cell(map);
  if (!cell.active) return;
  for (int64_t row = cell.begin; row < cell.end; row += cell.step) {
    const float a = to_float(at.a[row * at.a_pitch + cell.c]), b = to_float(at.b[row * at.b_pitch + cell.c]);
    store(at.out + row * at.out_pitch + cell.c, op(a, b));
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &a = spec.inputs[0], &b = spec.inputs[1], &out = spec.outputs[0];
  const bool dense = a.dense() && b.dense() && out.dense();
  const int64_t count = a.elements();
  const RowMap rows = row_map(context, {&a, &b, &out}, kMapBlocks);
  const int64_t a_pitch = a.row_pitch(), b_pitch = b.row_pitch(), out_pitch = out.row_pitch();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(a.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_activation(activation, [&](auto phi) {
      using Op = Sum<decltype(phi)>;
      if (dense) return map(context, args.out<T>(0), count, Op{phi}, args.in<T>(0), args.in<T>(1));
      if (rows.empty()) return;
      const Operands<T> at = {args.in<T>(0), args.in<T>(1), args.out<T>(0), a_pitch, b_pitch, out_pitch};
      launch(context.stream, add_rows<T, Op>, rows.grid(), kThreads, rows, at, Op{phi});
    });
  });
}

const OpRegistration registration("add", {make});

}  // namespace
}  // namespace iabn::cuda
