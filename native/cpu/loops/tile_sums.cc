#include "cpu/loops/tile_sums.h"

#include <algorithm>

namespace iabn {
namespace {

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
IABN_INLINE void sum_tile(Lines<T> x, const Tile& tile, double* sum) {
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

IABN_SIMD void sum_leaf(Lines<float> x, const Tile& tile, double* sum) { sum_tile(x, tile, sum); }
IABN_SIMD void sum_leaf(Lines<bf16> x, const Tile& tile, double* sum) { sum_tile(x, tile, sum); }

}  // namespace

void tile_sums(Lines<float> x, const Tile& tile, double* sum) { sum_leaf(x, tile, sum); }
void tile_sums(Lines<bf16> x, const Tile& tile, double* sum) { sum_leaf(x, tile, sum); }

}  // namespace iabn
