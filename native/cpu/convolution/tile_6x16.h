// Micro-kernel of our own convolutions: six output rows (pixels) by sixteen columns (output channels), kept
// in twelve vector registers while one stretch of products is accumulated.
//
//   out[r][c] = φ(start[r][c] + Σ_t Σ_k rows[t][r][k] · weights[t·depth + k][c])
#pragma once

#include <cstdint>

#include "cpu/ops/activation.h"

namespace iabn {

constexpr int64_t kTilePixels = 6;
constexpr int64_t kTileColumns = 16;

struct ProductTile {
  const float* const* rows;  // for each tap the beginnings of kTilePixels rows
  int64_t taps;
  int64_t offset;        // added to each beginning
  int64_t depth;         // elements of a row
  const float* weights;  // of the first tap; kTileColumns for each element of a row
  const float* start;    // kTilePixels rows `start_stride` apart, null: zero
  int64_t start_stride;
  const float* bias;  // kTileColumns; null: none
  float* out;
  int64_t out_stride;
  Activation activation;
};

// True if the CPU supports run_tile() and lacks AVX-512, for which oneDNN's kernels are faster.
bool has_tiles();

void run_tile(const ProductTile& tile);

}  // namespace iabn
