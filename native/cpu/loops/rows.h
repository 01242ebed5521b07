// A channels-last tensor as a matrix of rows × channels, split up for per-channel kernels.
//
// Few channels make short inner loops. If rows are contiguous, `repeat` of them are processed as one wide row
// of repeat·channels columns, along which per-channel coefficients are repeated. The rows % repeat leftover
// rows form the tail: the start of one more wide row.
//
// For sums, the wide rows are split into chunks and, if they are long, into blocks of columns whose
// accumulators stay in the first-level cache. The chunks depend on the shape alone (see parallel.h); blocks,
// which share no sum, are narrower where there are many threads. Where it pays there are at least two chunks,
// so that each of two threads (and roughly, of more) sums the rows that it reads and writes elementwise: data
// written by another core costs up to ten times as much. Rows of a strided view are not contiguous: then a
// wide row is processed in segments, one per row, but every number is still added to the same accumulator at
// the same time, so the sums are identical.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <numeric>

#include "cpu/loops/parallel.h"
#include "cpu/simd/simd.h"
#include "program/tensor.h"

namespace iabn {

// Maximum bytes of a wide row or a block, and columns of either: the sums of a block stay in the first-level
// cache, together with the rows being read.
constexpr int64_t kRowBytes = 2048;
constexpr int64_t kMaxBlock = 2048;
constexpr int64_t kMaxChunks = 64;  // chunks of rows, an even number where there are several
constexpr int64_t kRun = 64;        // rows summed in float32 before they are added to a float64 sum
// Rows per chunk, times blocks: partial sums are few compared with their terms.
constexpr int64_t kChunkRows = 256;

// Columns of a block, at least: narrower ones would read less than two cache lines of a row.
constexpr int64_t kFewestColumns = 64;

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
  // Columns of the arrays that are repeated along a wide row.
  int64_t padded() const { return whole_pairs(width); }
  int64_t rows_of_chunk(int64_t chunk) const { return std::min(chunk_rows, wide_rows - chunk * chunk_rows); }
};

// Makes blocks as narrow as it takes to have a task for every thread.
inline void narrow_blocks(RowGrid& grid, int64_t threads) {
  if (grid.chunks == 0 || grid.chunks * grid.blocks >= threads) return;
  const int64_t columns = ceil_div(grid.width, ceil_div(threads, grid.chunks));
  grid.block = std::min(grid.block, std::max(kFewestColumns, whole_pairs(columns)));
  grid.blocks = ceil_div(grid.width, grid.block);
}

// The grid for operands of one shape, any of which may be a strided view.
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
    // Make a wide row whole pairs of vectors if it costs little.
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
  // A wide row of a strided view is not cut within one of its rows.
  if (!grid.split || grid.repeat == 1) narrow_blocks(grid, most_threads());
  return grid;
}

// A tile of the grid of sums: `rows` wide rows, by segments·columns columns starting at `column`.
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
  // The lines starting at a wide row, every `apart` rows.
  IABN_INLINE_MEMBER Lines every(int64_t wide_row, int64_t apart) const {
    return {data + wide_row * stride, apart * stride, pitch};
  }
};

template <class T>
Lines<T> lines_of(const T* data, int64_t pitch, const RowGrid& grid, const Tile& tile) {
  return {data + tile.row * pitch + tile.column, grid.repeat * pitch, pitch};
}

// Calls body(tile) for every tile, on all threads.
template <class Body>
void parallel_tiles(const RowGrid& grid, const Body& body) {
  parallel_tasks(grid.chunks * grid.blocks, grid.elements(), [&](int64_t task) {
    const int64_t chunk = task / grid.blocks, column = task % grid.blocks * grid.block;
    body(make_tile(grid, chunk, chunk * grid.chunk_rows, grid.rows_of_chunk(chunk), column,
                   std::min(grid.block, grid.width - column)));
  });
}

// Consecutive rows for elementwise work: each is `step` rows of the tensor, starting at `row`.
struct Strip {
  int64_t row;
  int64_t step;
  int64_t rows;
  int64_t columns;
};

// Calls body(strip) for strips that cover the matrix.
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

// Repeats one value per channel along a wide row, and returns its end.
inline float* repeat_wide(const RowGrid& grid, float* wide) {
  for (int64_t i = grid.channels; i < grid.padded(); ++i) wide[i] = wide[i - grid.channels];
  return wide + grid.padded();
}

// Writes value(c) for every channel, repeated along a wide row, and returns the end of the written data.
template <class Value>
float* fill_wide(const RowGrid& grid, float* wide, const Value& value) {
  for (int64_t c = 0; c < grid.channels; ++c) wide[c] = static_cast<float>(value(c));
  return repeat_wide(grid, wide);
}

}  // namespace iabn
