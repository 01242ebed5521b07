// Micro-kernel of our own convolutions: six output rows (pixels) by sixteen columns (output channels), kept
// in twelve vector registers while one stretch of products is accumulated.
//
//   out[r][c] = φ(start[r][c] + Σ_t Σ_k rows[t][r][k] · weights[t·depth + k][c])
//
// Written in AVX2 and FMA intrinsics, because with compiler vectors the accumulators do not stay in
// registers.
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

// True if the CPU supports run_tile() and lacks AVX-512, for which oneDNN's kernels are faster.
bool has_tiles();

void run_tile(const ProductTile& tile);

// φ of elu over `count` elements, which run_tile() does not cover.
void apply_elu(float* out, int64_t count, float alpha);

}  // namespace iabn
