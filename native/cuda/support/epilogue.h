// y = φ(y + bias) in place, after a product; bias float32[C] or absent.
#pragma once

#include "cuda/support/activation.h"
#include "cuda/support/rows.h"

namespace iabn::cuda {

template <class T, int N, class Phi>
__global__ void __launch_bounds__(kThreads) finish_rows(RowMap map, T* y, const float* bias, Phi phi) {
  const RowCell cell(map);
  if (!cell.active) return;
  float shift[N];
  load_channels(bias, cell.c, 0.0f, shift);
  for_rows(cell, [&](auto count, int64_t row) {
    constexpr int R = decltype(count)::value;
    Pack<T, N> pack[R];
#pragma unroll
    for (int r = 0; r < R; ++r) pack[r] = load_pack<N>(y + (row + r * cell.step) * map.channels + cell.c);
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float out[N];
#pragma unroll
      for (int j = 0; j < N; ++j) out[j] = phi.forward(to_float(pack[r].at[j]) + shift[j]);
      store_pack(y + (row + r * cell.step) * map.channels + cell.c, out);
    }
  });
}

template <class T>
void finish_product(const Context& context, const RowMap& map, T* y, const float* bias,
                    const Activation& activation) {
  if (map.empty() || (bias == nullptr && activation.kind == Activation::Kind::identity)) return;
  with_activation(activation, [&](auto phi) {
    with_pack<T>(map.pack, [&](auto width) {
      launch(context.stream, finish_rows<T, decltype(width)::value, decltype(phi)>, map.grid(), kThreads, map,
             y, bias, phi);
    });
  });
}

}  // namespace iabn::cuda
