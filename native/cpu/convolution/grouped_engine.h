// Micro-kernels of grouped convolutions with few channels per group, on packed float32 rows.
//
// Channels are packed into blocks. With `Lanes` floats per vector, a block has one of two forms:
//
//   lanes      a group takes G ≤ Lanes/2 lanes (a power of two), a vector holds Lanes/G groups, for inputs
//              and outputs alike. Input i of a group meets output j = i xor k in lane i of the k-th of G
//              permutations: y[l] = Σ_taps Σ_{k<G} x[l xor k] · w_k[l]. No product is wasted and no lane
//              crosses a group.
//   broadcast  a block is one group: each input is broadcast to the vectors of the group's outputs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/simd/per_data.h"

namespace iabn::grouped {

// Outputs of a packed block may be computed a few columns past the end of a row. That data is read but not
// used, so buffers need this many extra columns.
constexpr int64_t kSlackColumns = 4;

// One tap of the window: the x of a row's first output, and the tap's weights.
struct Tap {
  const float* x;
  const float* w;  // lanes: [G][Lanes]; broadcast: [inputs][vectors · Lanes]
};

// out[i·out_step + …] = Σ_taps x[i·step + …] ⋆ w for i < count; up to kSlackColumns − 1 more are written.
struct Row {
  const Tap* taps;
  int64_t taps_count;
  int64_t count;
  int64_t step;    // floats from one output's x to the next one's
  int64_t inputs;  // of a group (broadcast)
  float* out;
  int64_t out_step;  // floats
};

// sums[tap][…] += Σ_{rows, columns} source ⊗ target, where the target (x) is offset by each tap of the
// window, and the source (dy), shared by all taps, is permuted or broadcast.
struct Correlation {
  const float* source;
  const float* target;
  int64_t rows, columns;
  int64_t source_row, source_step, target_row, target_step;  // floats
  // Relative to the target of the first product: per tap (lanes), or per vector of each tap (broadcast).
  const int64_t* offsets;
  int64_t taps;
  int64_t sources;  // of a group (broadcast)
  int64_t vectors;  // of a group's targets (broadcast)
  double* sums;     // lanes: [tap][G][Lanes]; broadcast: [tap][sources][vectors · Lanes]
};

// A row of an image and its packed form [block][column][width].
struct PackedRow {
  const int32_t* channels;  // of each packed float of the blocks, −1: none
  bool contiguous;          // channels[i] = channels[0] + i
  int64_t blocks, width;
  int64_t block_stride;  // floats of the packed form from one block to the next
  int64_t pixel_stride;  // channels of the image
};

// Functions compiled for one instruction set.
template <class T>
struct Packers {
  // to[block][i][·] = from[block][i][·] for count columns; zeros if from is null.
  void (*pack)(const PackedRow&, const T* from, float* to, int64_t count);
  // to[i][·] = from[block][i][·].
  void (*unpack)(const PackedRow&, const float* from, T* to, int64_t count);
};

struct Engine : PerData<Packers> {
  int64_t lanes;
  // Indexed by log2 G, and by the number of vectors − 1.
  void (*lanes_row[4])(const Row&);
  void (*broadcast_row[2])(const Row&);
  void (*lanes_correlation[4])(const Correlation&);
  void (*broadcast_correlation)(const Correlation&);
};

// The fastest engine for this CPU.
const Engine& engine();

}  // namespace iabn::grouped
