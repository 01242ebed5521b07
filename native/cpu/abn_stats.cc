// Mean and biased variance per channel, reading x once.
//
// Accuracy where mean ≫ deviation: a run of up to kRun rows is summed in float32 about a shift that is close
// to its mean (the mean of the run before it; for the first run that of its first rows),
//   s1 = Σ (x − shift),  s2 = Σ (x − shift)²
// and moved in float64 to the base of its chunk: with d = shift − base,
//   S1 += s1 + n·d,  S2 += s2 + 2d·s1 + n·d²,  mean = base + S1/n,  M2 = S2 − S1²/n.
// Chunks are merged in order (Chan et al.): mean = Σ nᵢ·meanᵢ / m,  M2 = Σ M2ᵢ + Σ nᵢ·(meanᵢ − mean)².
#include <algorithm>

#include "cpu/closure.h"
#include "cpu/data.h"
#include "cpu/rows.h"

namespace iabn {
namespace {

constexpr int64_t kFirstRows = 8;

struct RunSums {
  alignas(64) float shift[kMaxBlock];
  alignas(64) float s1[kMaxBlock];
  alignas(64) float s2[kMaxBlock];
};

// Rows are taken Rows at a time, so that the sums are loaded and stored once for several.
template <int Rows, class T>
IABN_INLINE void add_rows(const T* x, int64_t stride, int64_t columns, RunSums& run) {
  for (int64_t c = 0; c < columns; ++c) {
    float s1 = 0.0f, s2 = 0.0f;
    for (int r = 0; r < Rows; ++r) {
      const float d = load(x + r * stride + c) - run.shift[c];
      s1 += d;
      s2 += d * d;
    }
    run.s1[c] += s1;
    run.s2[c] += s2;
  }
}

template <class T>
IABN_INLINE void first_shift(const T* x, int64_t stride, int64_t rows, int64_t columns, RunSums& run) {
  const int64_t count = std::min(rows, kFirstRows);
  for (int64_t c = 0; c < columns; ++c) run.shift[c] = load(x + c);
  for (int64_t c = 0; c < columns; ++c) run.s1[c] = 0.0f;
  for (int64_t r = 1; r < count; ++r) {
    for (int64_t c = 0; c < columns; ++c) run.s1[c] += load(x + r * stride + c) - run.shift[c];
  }
  const float share = 1.0f / static_cast<float>(count);
  for (int64_t c = 0; c < columns; ++c) run.shift[c] += run.s1[c] * share;
}

template <class T>
IABN_INLINE void tile_stats(const T* x, int64_t stride, int64_t rows, int64_t columns, double* mean,
                            double* m2) {
  RunSums run;
  alignas(64) float base[kMaxBlock];
  first_shift(x, stride, rows, columns, run);
  for (int64_t c = 0; c < columns; ++c) base[c] = run.shift[c];
  for (int64_t c = 0; c < columns; ++c) mean[c] = 0.0;
  for (int64_t c = 0; c < columns; ++c) m2[c] = 0.0;
  for (int64_t first = 0; first < rows; first += kRun) {
    const int64_t count = std::min(kRun, rows - first);
    const T* row = x + first * stride;
    for (int64_t c = 0; c < columns; ++c) run.s1[c] = 0.0f;
    for (int64_t c = 0; c < columns; ++c) run.s2[c] = 0.0f;
    int64_t r = 0;
    for (; r + 4 <= count; r += 4) add_rows<4>(row + r * stride, stride, columns, run);
    for (; r < count; ++r) add_rows<1>(row + r * stride, stride, columns, run);
    const double n = static_cast<double>(count);
    const float share = 1.0f / static_cast<float>(count);
    IABN_ELEMENTWISE
    for (int64_t c = 0; c < columns; ++c) {
      const double d = static_cast<double>(run.shift[c]) - static_cast<double>(base[c]);
      const double s1 = run.s1[c];
      mean[c] += s1 + n * d;
      m2[c] += static_cast<double>(run.s2[c]) + d * (2.0 * s1 + n * d);
      run.shift[c] += run.s1[c] * share;
    }
  }
  const double share = 1.0 / static_cast<double>(rows);
  IABN_ELEMENTWISE
  for (int64_t c = 0; c < columns; ++c) {
    const double offset = mean[c] * share;
    const double squares = m2[c] - mean[c] * offset;
    mean[c] = static_cast<double>(base[c]) + offset;
    m2[c] = squares < 0.0 ? 0.0 : squares;
  }
}

IABN_SIMD void tile_stats_leaf(const float* x, int64_t stride, int64_t rows, int64_t columns, double* mean,
                               double* m2) {
  tile_stats(x, stride, rows, columns, mean, m2);
}

IABN_SIMD void tile_stats_leaf(const bf16* x, int64_t stride, int64_t rows, int64_t columns, double* mean,
                               double* m2) {
  tile_stats(x, stride, rows, columns, mean, m2);
}

// visit(n, mean[·], M2[·]) for every partial of the channels from `first` on, then each tail row as n = 1.
template <class T, class Visit, class VisitRow>
void for_partials(const RowGrid& grid, const T* tail, const double* partials, int64_t first,
                  const Visit& visit, const VisitRow& visit_row) {
  for (int64_t i = 0; i < grid.chunks; ++i) {
    const double n = static_cast<double>(grid.rows_of_chunk(i));
    const double* mean = partials + i * 2 * grid.width + first;
    for (int64_t k = 0; k < grid.repeat; ++k) {
      visit(n, mean + k * grid.channels, mean + grid.width + k * grid.channels);
    }
  }
  for (int64_t i = 0; i < grid.tail; i += grid.channels) visit_row(tail + i + first);
}

constexpr int64_t kStrip = 64;

template <class T>
void merge(const RowGrid& grid, const T* tail, const double* partials, int64_t first, int64_t count,
           float* mean_out, float* var_out) {
  double mean[kStrip] = {}, m2[kStrip] = {};
  for_partials(
      grid, tail, partials, first,
      [&](double n, const double* part, const double*) {
        for (int64_t c = 0; c < count; ++c) mean[c] += n * part[c];
      },
      [&](const T* row) {
        for (int64_t c = 0; c < count; ++c) mean[c] += load(row + c);
      });
  const double share = grid.rows == 0 ? 0.0 : 1.0 / static_cast<double>(grid.rows);
  for (int64_t c = 0; c < count; ++c) mean[c] *= share;
  for_partials(
      grid, tail, partials, first,
      [&](double n, const double* part, const double* squares) {
        for (int64_t c = 0; c < count; ++c) {
          const double d = part[c] - mean[c];
          m2[c] += squares[c] + n * d * d;
        }
      },
      [&](const T* row) {
        for (int64_t c = 0; c < count; ++c) {
          const double d = load(row + c) - mean[c];
          m2[c] += d * d;
        }
      });
  for (int64_t c = 0; c < count; ++c) {
    mean_out[c] = static_cast<float>(mean[c]);
    var_out[c] = static_cast<float>(m2[c] * share);
  }
}

template <class T>
void abn_stats(const RowGrid& grid, const T* x, double* partials, float* mean, float* var) {
  parallel_tiles(grid, [&](const Tile& tile) {
    double* partial = partials + tile.chunk * 2 * grid.width + tile.column;
    tile_stats_leaf(x + tile.offset, grid.width, tile.rows, tile.columns, partial, partial + grid.width);
  });
  const T* tail = x + grid.wide_rows * grid.width;
  parallel_range(grid.channels, 2 * grid.repeat * (grid.chunks + 1), 16, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kStrip) {
      merge(grid, tail, partials, c, std::min(kStrip, end - c), mean + c, var + c);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid(spec.inputs[0]);
  const size_t workspace = static_cast<size_t>(grid.chunks * 2 * grid.width) * sizeof(double);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [grid](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        abn_stats(grid, args.in<T>(0), static_cast<double*>(args.workspace), args.out<float>(0),
                  args.out<float>(1));
      },
      workspace);
}

const OpRegistration registration("abn_stats", {make});

}  // namespace
}  // namespace iabn
