// Micro-kernels of grouped convolutions with few channels per group, on packed rows of float32 or of pairs of
// bfloat16.
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

// How a window is summed.
enum class Form {
  taps,     // any window, a tap at a time
  triples,  // three adjacent columns without a stride, in the lanes form: the taps of a row together
  pairs,    // the same in bfloat16, two products at a time: see pack_pairs and pack_columns
};
constexpr int kForms = 3;

// One tap of the window, in floats from a row's x and w.
struct Tap {
  int64_t x;  // of the row's first output
  int64_t w;  // lanes: [G][Lanes], pairs: [G/2][Lanes]; broadcast: [inputs][vectors · Lanes]
};

// out[i·out_step + …] = Σ_taps x[i·step + …] ⋆ w for i < count; up to kSlackColumns − 1 more are written.
struct Row {
  const float* x;
  const float* w;
  const Tap* taps;  // by rows and columns of x
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
  int64_t rows, columns;                                     // pairs: columns before they were paired
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

// Columns of a row of an image, with zeros before the first and after the last.
struct Columns {
  int64_t before;  // zeros in front of the first
  int64_t count;   // of the image
  int64_t step;    // from a pair to the next one (pairs)
  int64_t packed;  // columns of the packed row, or pairs of them
};

struct Engine : PerData<Packers> {
  int64_t lanes;
  // Indexed by form and log2 G, and by the number of vectors − 1. There are no pairs without instructions.
  void (*lanes_row[kForms][4])(const Row&);
  void (*broadcast_row[2])(const Row&);
  void (*lanes_correlation[kForms][4])(const Correlation&);
  void (*broadcast_correlation)(const Correlation&);
  // Lane l of group g of to[block][i] = channels 2j and 2j + 1 of the group, with j = l mod G/2.
  void (*pack_pairs)(const PackedRow&, int64_t group_lanes, const bf16* from, float* to, int64_t count);
  // Lane l of to[block][i] = its channel in two neighboring columns.
  void (*pack_columns)(const PackedRow&, const Columns&, const bf16* from, float* to);
};

// The fastest engine for this CPU.
const Engine& engine();

}  // namespace iabn::grouped
