// Column sums over the rows of a tile: float32 within a run of rows, double across runs.
#pragma once

#include <algorithm>

#include "cpu/loops/column_sums.h"
#include "cpu/loops/data.h"

namespace iabn {

template <int Rows, class T>
IABN_INLINE void add_rows(Lines<T> x, int64_t segments, int64_t columns, float* run) {
  for (int64_t k = 0; k < segments; ++k) {
    for (int64_t c = 0; c < columns; ++c) {
      float sum = 0.0f;
      for (int r = 0; r < Rows; ++r) sum += load(x.data + r * x.stride + k * x.pitch + c);
      run[k * columns + c] += sum;
    }
  }
}

template <class T>
IABN_INLINE void tile_sums(Lines<T> x, const Tile& tile, double* sum) {
  alignas(64) float run[kMaxBlock];
  const int64_t rows = tile.rows, width = tile.width();
  for (int64_t c = 0; c < width; ++c) sum[c] = 0.0;
  for (int64_t first = 0; first < rows; first += kRun) {
    const int64_t last = std::min(rows, first + kRun);
    for (int64_t c = 0; c < width; ++c) run[c] = 0.0f;
    int64_t r = first;
    for (; r + 4 <= last; r += 4) add_rows<4>(x.from(r), tile.segments, tile.columns, run);
    for (; r < last; ++r) add_rows<1>(x.from(r), tile.segments, tile.columns, run);
    for (int64_t c = 0; c < width; ++c) sum[c] += static_cast<double>(run[c]);
  }
}

}  // namespace iabn
