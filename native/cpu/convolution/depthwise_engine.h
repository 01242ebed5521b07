// Micro-kernels of depthwise convolutions. They read the images in place, two vectors of channels at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/simd/per_data.h"

namespace iabn::depthwise {

constexpr int64_t kMostColumns = 7;  // column taps of a run
constexpr int64_t kMostRows = 7;     // row taps

// Adjacent outputs that share the same taps. A row tap is a row of x and its weights; its column taps are
// contiguous in x and in the weights.
//   out[i] = bias + Σ_rows Σ_{t < columns} x[row][i·step + t] · w[row][t]
template <class T>
struct Run {
  const T* x[kMostRows];      // of the first output's first column tap
  const float* w[kMostRows];  // [columns][padded channels]
  const float* bias;          // [padded channels]
  T* out;
  int64_t rows;
  int64_t count;                 // outputs
  int64_t pixel, out_pixel;      // elements
  int64_t channels, w_channels;  // w_channels: padded
};

// Products of dy with the x at each of several column taps, summed over lines of an image:
//   sums[t][…] += Σ_{lines, i < count} dy[line][i] · x[line][i·step + t]
template <class T>
struct Correlation {
  const T* x;  // of the first output's first column tap, at the block's first channel
  const T* dy;
  int64_t lines, count;
  int64_t x_line, dy_line;  // elements
  int64_t pixel;            // elements, of both
  double* sums;             // of the block
  int64_t sums_step;        // from one column tap to the next
};

// Indexed by step − 1 and column taps − 1.
template <class T>
struct Leaves {
  void (*run[2][kMostColumns])(const Run<T>&);
  void (*correlate[2][kMostColumns])(const Correlation<T>&);
};

// Channels are processed in blocks of `block`. The last block ends with the last channel and may overlap the
// one before. Weights and bias are packed by block, in the engine's channel order.
struct Engine : PerData<Leaves> {
  int64_t lanes;
  int64_t block;
  // Reorders whole blocks of floats for bf16.
  void (*order_bf16)(float* blocks, int64_t count);

  // Position of channel i in a block's sums.
  int64_t place(int64_t i, DType dtype) const { return dtype == DType::bf16 ? i % 2 * lanes + i / 2 : i; }
};

// The engine for vector_lanes().
const Engine& engine();

inline int64_t blocks_of(int64_t channels, int64_t block) { return (channels + block - 1) / block; }
inline int64_t first_of(int64_t block, int64_t channels, int64_t size) {
  return block * size + size <= channels ? block * size : channels - size;
}

}  // namespace iabn::depthwise
