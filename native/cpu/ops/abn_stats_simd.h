// Body of abn_stats.cc (each_isa.h).
#include "cpu/simd/columns_simd.h"
#include "cpu/simd/pairs_simd.h"
#include "cpu/simd/row_buffer_simd.h"

constexpr int64_t kFirstRows = 8;

// bfloat16 is summed about zero: squares have 16 bits, so a run's sum is exact in float32 if all exponents
// are similar, as they are where mean ≫ deviation.
template <class T>
constexpr bool kShifted = std::is_same_v<T, float>;

struct RunSums {
  Columns<float> shift, s1, s2;
};

// Adds Count wide rows to the sums of a run.
template <int64_t Count, class T>
IABN_INLINE void add_rows(const PairedLines<T>& x, RunSums& run) {
  for (int64_t k = 0; k < x.segments; ++k) {
    const T* rows = x.lines.data + k * x.lines.pitch;
    const int64_t first = k * x.columns;
    for_pairs(x.columns, [&](int64_t c, auto size) IABN_INLINE_LAMBDA {
      const Pair shift = kShifted<T> ? read_columns(run.shift.of + first + c) : Pair{};
      Pair s1{}, s2{};
      for (int64_t r = 0; r < Count; ++r) {
        const Pair v = read_pair(rows + r * x.lines.stride + c, size);
        const Vec a = kShifted<T> ? v.a - shift.a : v.a, b = kShifted<T> ? v.b - shift.b : v.b;
        s1 = {s1.a + a, s1.b + b};
        s2 = {s2.a + a * a, s2.b + b * b};
      }
      add_columns(run.s1.of + first + c, s1);
      add_columns(run.s2.of + first + c, s2);
    });
  }
}

// The mean of a tile's first rows.
IABN_INLINE void first_shift(Lines<float> x, const Tile& tile, RunSums& run) {
  const int64_t count = std::min(tile.rows, kFirstRows), columns = tile.columns;
  const float share = 1.0f / static_cast<float>(count);
  for (int64_t k = 0; k < tile.segments; ++k) {
    const float* row = x.data + k * x.pitch;
    float *shift = run.shift.of + k * columns, *sum = run.s1.of + k * columns;
    for (int64_t c = 0; c < columns; ++c) shift[c] = row[c];
    for (int64_t c = 0; c < columns; ++c) sum[c] = 0.0f;
    for (int64_t r = 1; r < count; ++r) {
      for (int64_t c = 0; c < columns; ++c) sum[c] += row[r * x.stride + c] - shift[c];
    }
    for (int64_t c = 0; c < columns; ++c) shift[c] += sum[c] * share;
  }
}

IABN_INLINE void first_shift(Lines<bf16>, const Tile& tile, RunSums& run) { run.shift.zero(tile.width()); }

// Rebases the sums of a run of n rows, and moves the shift to the mean of the run.
template <class T>
IABN_INLINE void end_run(RunSums& run, int64_t rows, int64_t columns, const float* base, double* S1,
                         double* S2) {
  if constexpr (!kShifted<T>) {
    add_run(run.s1.of, S1, columns);
    add_run(run.s2.of, S2, columns);
    return;
  }
  const double n = static_cast<double>(rows);
  const float share = 1.0f / static_cast<float>(rows);
  IABN_ELEMENTWISE
  for (int64_t c = 0; c < columns; ++c) {
    const double d = static_cast<double>(run.shift[c]) - static_cast<double>(base[c]);
    const double s1 = run.s1[c];
    S1[c] += s1 + n * d;
    S2[c] += static_cast<double>(run.s2[c]) + d * (2.0 * s1 + n * d);
    run.shift[c] += run.s1[c] * share;
  }
}

template <class T>
void tile_stats(Lines<T> x, const Tile& tile, double* mean, double* m2) {
  RunSums run;
  Columns<float> base;
  Columns<double> S1, S2;
  const int64_t columns = tile.width(), padded = whole_pairs(columns);
  S1.zero(padded), S2.zero(padded);
  first_shift(x, tile, run);
  std::fill(run.shift.of + columns, run.shift.of + padded, 0.0f);
  std::copy_n(run.shift.of, padded, base.of);
  for (int64_t first = 0; first < tile.rows; first += kRun) {
    const int64_t end = std::min(first + kRun, tile.rows);
    run.s1.zero(padded), run.s2.zero(padded);
    for_rows<4>(first, end, [&](int64_t row, int64_t apart, auto count) IABN_INLINE_LAMBDA {
      RowBuffer<T, count> buffer;
      add_rows<count>(buffer.paired(x.every(row, apart), tile), run);
    });
    end_run<T>(run, end - first, padded, base.of, S1.of, S2.of);
  }
  const double share = 1.0 / static_cast<double>(tile.rows);
  for (int64_t c = 0; c < padded; ++c) {
    const double offset = S1[c] * share, squares = S2[c] - S1[c] * offset;
    S1[c] = static_cast<double>(base[c]) + offset;
    S2[c] = squares < 0.0 ? 0.0 : squares;
  }
  copy_columns<T>(S1.of, mean, columns);
  copy_columns<T>(S2.of, m2, columns);
}

constexpr Engine kEngine = {tile_stats<float>, tile_stats<bf16>, order_columns<bf16>};
