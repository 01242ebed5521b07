// The inner loop of our own convolutions: six output rows (pixels) by sixteen columns (output channels), kept
// in twelve vector registers while the products of one stretch of the sum are added.
//
//   out[r][c] = φ(start[r][c] + Σ_t Σ_k rows[t][r][k] · weights[t·depth + k][c])
//
// AVX2 and FMA, by intrinsics: the compiler's own vectors do not keep the accumulators in registers.
#pragma once

#include <cstdint>

#include "cpu/ops/activation.h"

namespace iabn {

constexpr int64_t kTileRows = 6;
constexpr int64_t kTileColumns = 16;

struct ProductTile {
  const float* const* rows;  // for each tap the beginnings of kTileRows rows
  int64_t taps;
  int64_t offset;        // added to each beginning
  int64_t depth;         // elements of a row
  const float* weights;  // of the first tap; kTileColumns for each element of a row
  const float* start;    // kTileRows rows `start_stride` apart, null: zero
  int64_t start_stride;
  const float* bias;  // kTileColumns; null: none
  float* out;
  int64_t out_stride;
  Activation::Kind activation;  // identity, relu or leaky_relu
  float slope;
};

// Whether the CPU has what run_tile() needs, and not AVX-512, for which oneDNN's kernels are better.
bool has_tiles();

void run_tile(const ProductTile& tile);

// φ of elu over `count` elements, for what run_tile() leaves out.
void apply_elu(float* out, int64_t count, float alpha);

}  // namespace iabn
