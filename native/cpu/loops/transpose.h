// Transposes the matrices of a batch of images.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/loops/parallel.h"

namespace iabn {

// y[n, c, r] = x[n, r, c] for n < count, r < rows, c < columns. Tiles stay in the first-level cache in both
// directions.
template <class T>
void transpose_each(const T* x, T* y, int64_t count, int64_t rows, int64_t columns) {
  constexpr int64_t tile = 32;
  const int64_t bands = ceil_div(columns, tile);
  parallel_tasks(count * bands, count * rows * columns, [&](int64_t task) {
    const T* from = x + task / bands * rows * columns;
    T* to = y + task / bands * rows * columns;
    const int64_t left = task % bands * tile, right = std::min(columns, left + tile);
    for (int64_t top = 0; top < rows; top += tile) {
      const int64_t bottom = std::min(rows, top + tile);
      for (int64_t c = left; c < right; ++c) {
        for (int64_t r = top; r < bottom; ++r) to[c * rows + r] = from[r * columns + c];
      }
    }
  });
}

}  // namespace iabn
