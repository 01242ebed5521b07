// Mean and biased variance per channel, reading x once.
//
// Accuracy where mean ≫ deviation: a run of up to kRun rows is summed in float32 about a shift that is close
// to its mean (the mean of the run before it; for the first run that of its first rows; of bfloat16 about
// zero, see abn_stats_simd.h),
//   s1 = Σ (x − shift),  s2 = Σ (x − shift)²
// and moved in float64 to the base of its chunk: with d = shift − base,
//   S1 += s1 + n·d,  S2 += s2 + 2d·s1 + n·d²,  mean = base + S1/n,  M2 = S2 − S1²/n.
// Chunks are merged in order (Chan et al.): mean = Σ nᵢ·meanᵢ / m,  M2 = Σ M2ᵢ + Σ nᵢ·(meanᵢ − mean)².
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/rows.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

template <class T>
using Leaf = void(Lines<T> x, const Tile& tile, double* mean, double* m2);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/abn_stats_simd.h"
#include "cpu/simd/each_isa.h"

// Calls visit(n, mean[·], M2[·]) for every partial of the channels starting at `first`, then for each tail
// row with n = 1.
template <class T, class Visit, class VisitRow>
IABN_INLINE void for_partials(const RowGrid& grid, Lines<T> tail, const double* partials, int64_t first,
                              const Visit& visit, const VisitRow& visit_row) {
  for (int64_t i = 0; i < grid.chunks; ++i) {
    const double n = static_cast<double>(grid.rows_of_chunk(i));
    const double* mean = partials + i * 2 * grid.width + first;
    for (int64_t k = 0; k < grid.repeat; ++k) {
      visit(n, mean + k * grid.channels, mean + grid.width + k * grid.channels);
    }
  }
  for (int64_t i = 0; i < grid.tail / grid.channels; ++i) visit_row(tail.data + i * tail.pitch + first);
}

constexpr int64_t kStrip = 64;

template <class T>
IABN_INLINE void merge_channels(const RowGrid& grid, Lines<T> tail, const double* partials, int64_t first,
                                int64_t count, float* mean_out, float* var_out) {
  double mean[kStrip] = {}, m2[kStrip] = {};
  for_partials(
      grid, tail, partials, first,
      [&](double n, const double* part, const double*) IABN_INLINE_LAMBDA {
        for (int64_t c = 0; c < count; ++c) mean[c] += n * part[c];
      },
      [&](const T* row) IABN_INLINE_LAMBDA {
        for (int64_t c = 0; c < count; ++c) mean[c] += load(row + c);
      });
  const double share = grid.rows == 0 ? 0.0 : 1.0 / static_cast<double>(grid.rows);
  for (int64_t c = 0; c < count; ++c) mean[c] *= share;
  for_partials(
      grid, tail, partials, first,
      [&](double n, const double* part, const double* squares) IABN_INLINE_LAMBDA {
        for (int64_t c = 0; c < count; ++c) {
          const double d = part[c] - mean[c];
          m2[c] += squares[c] + n * d * d;
        }
      },
      [&](const T* row) IABN_INLINE_LAMBDA {
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

IABN_SIMD void merge(const RowGrid& grid, Lines<float> tail, const double* partials, int64_t first,
                     int64_t count, float* mean, float* var) {
  merge_channels(grid, tail, partials, first, count, mean, var);
}

IABN_SIMD void merge(const RowGrid& grid, Lines<bf16> tail, const double* partials, int64_t first,
                     int64_t count, float* mean, float* var) {
  merge_channels(grid, tail, partials, first, count, mean, var);
}

template <class T>
void abn_stats(const Engine& engine, const RowGrid& grid, const T* x, int64_t pitch, double* partials,
               float* mean, float* var) {
  parallel_tiles(grid, [&](const Tile& tile) {
    double* partial = partials + tile.chunk * 2 * grid.width + tile.column;
    engine.of<T>()(lines_of(x, pitch, grid, tile), tile, partial, partial + grid.width);
  });
  const Lines<T> tail =
      lines_of(x, pitch, grid, make_tile(grid, grid.chunks, grid.wide_rows, 1, 0, grid.tail));
  parallel_range(grid.channels, 2 * grid.repeat * (grid.chunks + 1), 16, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kStrip) {
      merge(grid, tail, partials, c, std::min(kStrip, end - c), mean + c, var + c);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0]});
  const int64_t pitch = spec.inputs[0].row_pitch();
  const Engine& engine = engine_for(vector_lanes());
  const size_t workspace = static_cast<size_t>(grid.chunks * 2 * grid.width) * sizeof(double);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [grid, pitch, &engine](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        abn_stats(engine, grid, args.in<T>(0), pitch, static_cast<double*>(args.workspace),
                  args.out<float>(0), args.out<float>(1));
      },
      workspace);
}

const OpRegistration registration("abn_stats", {make});

}  // namespace
}  // namespace iabn
