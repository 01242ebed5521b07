// A channels-last tensor as a matrix of rows × channels, cut up for per-channel kernels.
//
// Few channels make short inner loops. Since rows follow each other without a gap, `repeat` of them are taken
// as one wide row of repeat·channels columns; per-channel coefficients are repeated along it. The rows %
// repeat rows that are left over form the tail: the beginning of one more wide row.
//
// For sums, the wide rows are cut into chunks and, where they are long, into blocks of columns whose
// accumulators stay in the first-level cache. The cut follows from the shape alone (see parallel.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "cpu/parallel.h"
#include "program/tensor.h"

namespace iabn {

// Columns of a wide row or a block at most. Rows of 4 KiB read up to twice as fast as rows of 1 KiB (the
// hardware fetches ahead within a page), and the sums of a block still fit the first-level cache.
constexpr int64_t kMaxBlock = 1024;
constexpr int64_t kMaxChunks = 64;  // chunks of rows
constexpr int64_t kRun = 32;        // rows summed in float32 before they are added to a float64 sum

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

  int64_t elements() const { return rows * channels; }
  int64_t rows_of_chunk(int64_t chunk) const { return std::min(chunk_rows, wide_rows - chunk * chunk_rows); }
};

inline RowGrid row_grid(const TensorDesc& desc) {
  RowGrid grid;
  grid.channels = desc.channels();
  grid.rows = desc.rows();
  if (grid.channels == 0) return grid;
  if (grid.channels < kMaxBlock) {
    grid.repeat = kMaxBlock / grid.channels;
    // Where it costs little, a wide row is a whole number of vectors.
    const int64_t unit = 16 / std::gcd(grid.channels, int64_t{16});
    if (grid.repeat >= unit) grid.repeat -= grid.repeat % unit;
  }
  grid.width = grid.repeat * grid.channels;
  grid.wide_rows = grid.rows / grid.repeat;
  grid.tail = grid.rows % grid.repeat * grid.channels;
  const int64_t share = (grid.wide_rows + kMaxChunks - 1) / kMaxChunks;
  grid.chunk_rows = std::max<int64_t>(1, (share + kRun - 1) / kRun) * kRun;
  grid.chunks = (grid.wide_rows + grid.chunk_rows - 1) / grid.chunk_rows;
  grid.blocks = (grid.width + kMaxBlock - 1) / kMaxBlock;
  grid.block = std::min(grid.width, ((grid.width + grid.blocks - 1) / grid.blocks + 15) / 16 * 16);
  return grid;
}

// One tile of the grid of sums: `rows` wide rows, `columns` of them from `column` on.
struct Tile {
  int64_t chunk;
  int64_t offset;  // of its first element
  int64_t rows;
  int64_t column;
  int64_t columns;
};

// body(tile) for every tile, on all threads.
template <class Body>
void parallel_tiles(const RowGrid& grid, const Body& body) {
  parallel_tasks(grid.chunks * grid.blocks, grid.elements(), [&](int64_t task) {
    Tile tile;
    tile.chunk = task / grid.blocks;
    tile.column = task % grid.blocks * grid.block;
    tile.columns = std::min(grid.block, grid.width - tile.column);
    tile.rows = grid.rows_of_chunk(tile.chunk);
    tile.offset = tile.chunk * grid.chunk_rows * grid.width + tile.column;
    body(tile);
  });
}

// body(offset, wide rows, columns) for ranges that cover the matrix, for elementwise work.
template <class Body>
void parallel_rows(const RowGrid& grid, const Body& body) {
  parallel_range(grid.wide_rows, grid.width, 1,
                 [&](int64_t begin, int64_t end) { body(begin * grid.width, end - begin, grid.width); });
  if (grid.tail > 0) body(grid.wide_rows * grid.width, int64_t{1}, grid.tail);
}

// Writes value(c) for every channel, repeated along a wide row, and returns the end of what it wrote.
template <class Value>
float* fill_wide(const RowGrid& grid, float* wide, const Value& value) {
  for (int64_t c = 0; c < grid.channels; ++c) wide[c] = static_cast<float>(value(c));
  for (int64_t i = grid.channels; i < grid.width; ++i) wide[i] = wide[i - grid.channels];
  return wide + grid.width;
}

}  // namespace iabn
