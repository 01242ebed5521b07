// y = (x − μ)·g + β with g = s/√(σ² + ε),  z = φ(y);  z may overwrite x.
#include "cuda/support/abn.h"

namespace iabn::cuda {
namespace {

template <class T, int N, class Phi>
__global__ void __launch_bounds__(kThreads)
    apply(RowMap map, const T* x, int64_t x_pitch, T* z, int64_t z_pitch, SavedLayer layer, Phi phi) {
  const RowCell cell(map);
  if (!cell.active) return;
  float mean[N], gain[N], bias[N];
#pragma unroll
  for (int j = 0; j < N; ++j) {
    mean[j] = layer.mean[cell.c + j];
    gain[j] = layer.gain(cell.c + j);
    bias[j] = layer.shift_of(cell.c + j);
  }
  for_rows(cell, [&](auto count, int64_t row) {
    constexpr int R = decltype(count)::value;
    Pack<T, N> pack[R];
#pragma unroll
    for (int r = 0; r < R; ++r) pack[r] = load_pack<N>(x + (row + r * cell.step) * x_pitch + cell.c);
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float out[N];
#pragma unroll
      for (int j = 0; j < N; ++j)
        out[j] = phi.forward((to_float(pack[r].at[j]) - mean[j]) * gain[j] + bias[j]);
      store_pack(z + (row + r * cell.step) * z_pitch + cell.c, out);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const RowMap map = row_map(context, {&spec.inputs[0], &spec.outputs[0]}, kMapBlocks);
  const int64_t x_pitch = spec.inputs[0].row_pitch(), z_pitch = spec.outputs[0].row_pitch();
  const AbnScale scale = parse_scale(spec.attrs);
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const SavedLayer layer = {args.in<float>(1), args.in<float>(2), args.in<float>(3), args.in<float>(4),
                              scale};
    if (map.empty()) return;
    with_activation(activation, [&](auto phi) {
      with_pack<T>(map.pack, [&](auto width) {
        launch(context.stream, apply<T, decltype(width)::value, decltype(phi)>, map.grid(), kThreads, map,
               args.in<T>(0), x_pitch, args.out<T>(0), z_pitch, layer, phi);
      });
    });
  });
}

const OpRegistration registration("abn_apply", {make});

}  // namespace
}  // namespace iabn::cuda
