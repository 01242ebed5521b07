// Body of abn_backward_reduce.cc (each_isa.h).
#include "cpu/ops/abn_backward_simd.h"
#include "cpu/simd/columns_simd.h"
#include "cpu/simd/row_buffer_simd.h"

struct RunSums {
  Columns<float> dy, dy_t;
};

// Adds Count wide rows to the sums of a run.
template <int64_t Count, class T, class Source, class Phi>
IABN_INLINE void add_rows(const PairedLines<T>& dz, const PairedLines<T>& saved,
                          const SavedCoefficients& wide, Source source, Phi phi, RunSums& run) {
  for (int64_t k = 0; k < dz.segments; ++k) {
    const T* grads = dz.lines.data + k * dz.lines.pitch;
    const T* kept = saved.lines.data + k * saved.lines.pitch;
    const int64_t first = k * dz.columns;
    for_pairs(dz.columns, [&](int64_t c, auto size) IABN_INLINE_LAMBDA {
      const SavedPair at = read_saved(wide, first + c);
      Pair dy{}, dy_t{};
      for (int64_t r = 0; r < Count; ++r) {
        const Pair from = read_pair(kept + r * saved.lines.stride + c, size);
        const Pair grad = read_pair(grads + r * dz.lines.stride + c, size);
        const Summand a = source.summand(phi, from.a, grad.a, at.a);
        const Summand b = source.summand(phi, from.b, grad.b, at.b);
        dy = {dy.a + a.dy, dy.b + b.dy};
        dy_t = {dy_t.a + a.dy_t, dy_t.b + b.dy_t};
      }
      add_columns(run.dy.of + first + c, dy);
      add_columns(run.dy_t.of + first + c, dy_t);
    });
  }
}

template <class T>
void sum_tile(Lines<T> dz, Lines<T> saved, const Tile& tile, const SavedCoefficients& wide, bool from_output,
              Activation activation, double* sum_dy, double* sum_dy_t) {
  const int64_t columns = tile.width(), padded = whole_pairs(columns);
  Columns<double> dy, dy_t;
  dy.zero(padded), dy_t.zero(padded);
  with_saved<T>(from_output, activation, [&](auto source, auto phi) IABN_INLINE_LAMBDA {
    RunSums run;
    for (int64_t first = 0; first < tile.rows; first += kRun) {
      run.dy.zero(padded), run.dy_t.zero(padded);
      const int64_t end = std::min(tile.rows, first + kRun);
      for_rows<4>(first, end, [&](int64_t row, int64_t apart, auto count) IABN_INLINE_LAMBDA {
        RowBuffer<T, count> grads, kept;
        add_rows<count>(grads.paired(dz.every(row, apart), tile), kept.paired(saved.every(row, apart), tile),
                        wide, source, phi, run);
      });
      add_run(run.dy.of, dy.of, padded);
      add_run(run.dy_t.of, dy_t.of, padded);
    }
  });
  if (kFolded<T>) {
    for (int64_t c = 0; c < padded; ++c) dy_t[c] -= static_cast<double>(wide.shift[c]) * dy[c];
  }
  copy_columns<T>(dy.of, sum_dy, columns);
  copy_columns<T>(dy_t.of, sum_dy_t, columns);
}

constexpr Engine kEngine = {sum_tile<float>, sum_tile<bf16>, order_columns<bf16>};
