// Sum over all but channels: the gradient of a bias.
#include "cpu/closure.h"
#include "cpu/column_sums.h"

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

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0]});
  const int64_t pitch = spec.inputs[0].row_pitch();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* x = args.in<T>(0);
        float* out = args.out<float>(0);
        column_sums(
            grid, 1, static_cast<double*>(args.workspace),
            [&](const Tile& tile, double* partial) {
              sum_leaf(lines_of(x, pitch, grid, tile), tile, partial);
            },
            [&](int64_t, int64_t c, double sum) { out[c] = static_cast<float>(sum); });
      },
      column_sums_doubles(grid, 1) * sizeof(double));
}

const OpRegistration registration("reduce_rows", {make});

}  // namespace
}  // namespace iabn
