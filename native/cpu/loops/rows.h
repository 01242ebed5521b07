// A channels-last tensor as a matrix of rows × channels, cut up for per-channel kernels.
//
// Few channels make short inner loops. Where rows follow each other without a gap, `repeat` of them are taken
// as one wide row of repeat·channels columns; per-channel coefficients are repeated along it. The rows %
// repeat rows that are left over form the tail: the beginning of one more wide row.
//
// For sums, the wide rows are cut into chunks and, where they are long, into blocks of columns whose
// accumulators stay in the first-level cache. The cut follows from the shape alone (see parallel.h); there
// are two chunks at least where it pays, so that on two threads, and roughly on more, each sums the rows that
// it reads and writes elementwise: what another core has written costs up to ten times as much. Rows of a
// slice of a wider tensor do not follow each other: then a wide row is walked in segments, one for each row,
// but every number still goes to the same accumulator at the same time, so that the sums are the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <numeric>

#include "cpu/loops/parallel.h"
#include "cpu/simd/simd.h"
#include "program/tensor.h"

namespace iabn {

// Bytes of a wide row or a block at most, and columns of any: the sums of a block stay in the first-level
// cache beside the rows that are read at a time.
constexpr int64_t kRowBytes = 2048;
constexpr int64_t kMaxBlock = 2048;
constexpr int64_t kMaxChunks = 64;  // chunks of rows, an even number where there are several
constexpr int64_t kRun = 64;        // rows summed in float32 before they are added to a float64 sum
// Rows in a chunk, times blocks: partial sums are few beside what they are of.
constexpr int64_t kChunkRows = 256;

// Elements of the widest pair of vectors (pairs_simd.h).
constexpr int64_t kPairs = 32;
inline int64_t whole_pairs(int64_t columns) { return ceil_div(columns, kPairs) * kPairs; }

struct RowGrid {
  int64_t channels = 0;
  int64_t rows = 0;
  int64_t repeat = 1;      // rows in a wide row
  int64_t width = 0;       // columns of a wide row
  int64_t wide_rows = 0;   // without the tail
  int64_t tail = 0;        // columns of the tail; 0: none
  int64_t chunk_rows = 0;  // wide rows in a chunk, the last one may have fewer
  int64_t chunks = 0;
  int64_t block = 0;  // columns in a block, the last one may have fewer
  int64_t blocks = 0;
  bool split = false;  // an operand's rows do not follow each other: no wide row is walked in one go

  int64_t elements() const { return rows * channels; }
  // Columns of what is repeated along a wide row.
  int64_t padded() const { return whole_pairs(width); }
  int64_t rows_of_chunk(int64_t chunk) const { return std::min(chunk_rows, wide_rows - chunk * chunk_rows); }
};

// The grid for operands of one shape; any of them may be a slice.
inline RowGrid row_grid(std::initializer_list<const TensorDesc*> operands) {
  const TensorDesc& desc = **operands.begin();
  RowGrid grid;
  for (const TensorDesc* operand : operands) grid.split = grid.split || !operand->dense();
  grid.channels = desc.channels();
  grid.rows = desc.rows();
  if (grid.channels == 0) return grid;
  const int64_t most = std::min(kMaxBlock, kRowBytes / static_cast<int64_t>(dtype_size(desc.dtype)));
  if (grid.channels < most) {
    grid.repeat = most / grid.channels;
    // Where it costs little, a wide row is whole pairs of vectors.
    const int64_t unit = kPairs / std::gcd(grid.channels, kPairs);
    if (grid.repeat >= unit) grid.repeat -= grid.repeat % unit;
  }
  grid.width = grid.repeat * grid.channels;
  grid.wide_rows = grid.rows / grid.repeat;
  grid.tail = grid.rows % grid.repeat * grid.channels;
  grid.blocks = ceil_div(grid.width, most);
  grid.block = std::min(grid.width, whole_pairs(ceil_div(grid.width, grid.blocks)));
  const int64_t pairs = ceil_div(grid.wide_rows, 2 * kChunkRows * grid.blocks);
  const int64_t share = grid.wide_rows > kRun ? std::min(kMaxChunks, 2 * pairs) : 1;
  grid.chunk_rows = std::max<int64_t>(1, ceil_div(grid.wide_rows, share));
  grid.chunks = ceil_div(grid.wide_rows, grid.chunk_rows);
  return grid;
}

// One tile of the grid of sums: of `rows` wide rows, segments·columns columns from `column` on.
struct Tile {
  int64_t chunk;
  int64_t row;  // of the tensor, its first
  int64_t rows;
  int64_t column;
  int64_t segments;  // of each wide row
  int64_t columns;   // in a segment

  IABN_INLINE_MEMBER int64_t width() const { return segments * columns; }
};

inline Tile make_tile(const RowGrid& grid, int64_t chunk, int64_t wide_row, int64_t rows, int64_t column,
                      int64_t columns) {
  const bool whole_rows = grid.split && grid.repeat > 1;
  return {chunk,
          wide_row * grid.repeat,
          rows,
          column,
          whole_rows ? columns / grid.channels : 1,
          whole_rows ? grid.channels : columns};
}

// A tile of one operand: the segments of a wide row are `pitch` apart, wide rows `stride`.
template <class T>
struct Lines {
  const T* data;
  int64_t stride;
  int64_t pitch;

  IABN_INLINE_MEMBER Lines from(int64_t wide_row) const { return every(wide_row, 1); }
  // From a wide row on those that are `apart` from each other.
  IABN_INLINE_MEMBER Lines every(int64_t wide_row, int64_t apart) const {
    return {data + wide_row * stride, apart * stride, pitch};
  }
};

template <class T>
Lines<T> lines_of(const T* data, int64_t pitch, const RowGrid& grid, const Tile& tile) {
  return {data + tile.row * pitch + tile.column, grid.repeat * pitch, pitch};
}

// body(tile) for every tile, on all threads.
template <class Body>
void parallel_tiles(const RowGrid& grid, const Body& body) {
  parallel_tasks(grid.chunks * grid.blocks, grid.elements(), [&](int64_t task) {
    const int64_t chunk = task / grid.blocks, column = task % grid.blocks * grid.block;
    body(make_tile(grid, chunk, chunk * grid.chunk_rows, grid.rows_of_chunk(chunk), column,
                   std::min(grid.block, grid.width - column)));
  });
}

// Rows walked one after the other, for elementwise work: each is `step` rows of the tensor, from `row` on.
struct Strip {
  int64_t row;
  int64_t step;
  int64_t rows;
  int64_t columns;
};

// body(strip) for strips that cover the matrix.
template <class Body>
void parallel_rows(const RowGrid& grid, const Body& body) {
  if (grid.split) {
    const auto rows = [&](int64_t begin, int64_t end) { body(Strip{begin, 1, end - begin, grid.channels}); };
    return parallel_range(grid.rows, grid.channels, 1, rows);
  }
  parallel_range(grid.wide_rows, grid.width, 1, [&](int64_t begin, int64_t end) {
    body(Strip{begin * grid.repeat, grid.repeat, end - begin, grid.width});
  });
  if (grid.tail > 0) body(Strip{grid.wide_rows * grid.repeat, 1, 1, grid.tail});
}

// Repeats what lies there for every channel along a wide row, and returns its end.
inline float* repeat_wide(const RowGrid& grid, float* wide) {
  for (int64_t i = grid.channels; i < grid.padded(); ++i) wide[i] = wide[i - grid.channels];
  return wide + grid.padded();
}

// Writes value(c) for every channel, repeated along a wide row, and returns the end of what it wrote.
template <class Value>
float* fill_wide(const RowGrid& grid, float* wide, const Value& value) {
  for (int64_t c = 0; c < grid.channels; ++c) wide[c] = static_cast<float>(value(c));
  return repeat_wide(grid, wide);
}

}  // namespace iabn
