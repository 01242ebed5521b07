// Body of tile_6x16.cc (each_isa.h).
#include "cpu/simd/exp_log_simd.h"
#include "cpu/simd/phi_simd.h"

constexpr int kVectors = kTileColumns / kLanes;

void run(const ProductTile& t) {
  Vec acc[kTilePixels][kVectors] = {};
  const float* w = t.weights;
  for (int64_t tap = 0; tap < t.taps; ++tap) {
    const float* a[kTilePixels];
#pragma GCC unroll 6
    for (int r = 0; r < kTilePixels; ++r) a[r] = t.rows[tap * kTilePixels + r] + t.offset;
    for (int64_t k = 0; k < t.depth; ++k, w += kTileColumns) {
      Vec weight[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) weight[v] = get(w + v * kLanes);
#pragma GCC unroll 6
      for (int r = 0; r < kTilePixels; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) acc[r][v] += a[r][k] * weight[v];
      }
    }
  }
  const float *bias = t.bias, *start = t.start;
  with_activation(t.activation, [&](auto phi) IABN_INLINE_LAMBDA {
#pragma GCC unroll 6
    for (int r = 0; r < kTilePixels; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        // Added after the products: sums that started from these would round like the whole sum.
        Vec y = acc[r][v];
        if (bias) y += get(bias + v * kLanes);
        if (start) y += get(start + r * t.start_stride + v * kLanes);
        put(t.out + r * t.out_stride + v * kLanes, phi.forward(y));
      }
    }
  });
}

constexpr Engine kEngine = {run};
