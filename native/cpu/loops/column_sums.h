// Sums over rows, one or two per channel, for the reductions of the backward pass.
//
// Partial sums are double[chunks + 1][sums][width] in the workspace; the last slot is the tail's.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/loops/rows.h"
#include "cpu/simd/simd.h"

namespace iabn {

inline size_t column_sums_doubles(const RowGrid& grid, int64_t sums) {
  return static_cast<size_t>((grid.chunks + 1) * sums * grid.width);
}

// sum_tile(tile, partial) writes Σ over the tile's rows to partial[s·width + i] for its columns i, s < sums.
// finish(s, c, sum) receives sum s of channel c.
template <class SumTile, class Finish>
void column_sums(const RowGrid& grid, int64_t sums, double* partials, const SumTile& sum_tile,
                 const Finish& finish) {
  const int64_t slot = sums * grid.width;
  parallel_tiles(grid, [&](const Tile& tile) { sum_tile(tile, partials + tile.chunk * slot + tile.column); });
  int64_t slots = grid.chunks;
  if (grid.tail > 0) {
    double* partial = partials + slots * slot;
    std::fill(partial, partial + slot, 0.0);
    sum_tile(make_tile(grid, slots, grid.wide_rows, 1, 0, grid.tail), partial);
    ++slots;
  }
  parallel_range(grid.channels, slots * sums * grid.repeat, 16, [&](int64_t begin, int64_t end) {
    constexpr int64_t strip = 64;
    double total[strip];
    for (int64_t s = 0; s < sums; ++s) {
      for (int64_t first = begin; first < end; first += strip) {
        const int64_t count = std::min(strip, end - first);
        std::fill(total, total + count, 0.0);
        for (int64_t i = 0; i < slots; ++i) {
          for (int64_t k = 0; k < grid.repeat; ++k) {
            const double* partial = partials + i * slot + s * grid.width + k * grid.channels + first;
            for (int64_t c = 0; c < count; ++c) total[c] += partial[c];
          }
        }
        for (int64_t c = 0; c < count; ++c) finish(s, first + c, total[c]);
      }
    }
  });
}

}  // namespace iabn
