// Body of abn_backward_reduce.cc (each_isa.h).
#include "cpu/abn_backward_simd.h"

struct RunSums {
  alignas(64) float dy[kMaxBlock];
  alignas(64) float dy_t[kMaxBlock];
};

// Adds Count wide rows to the sums of a run.
template <int64_t Count, class T, class Source, class Phi>
IABN_INLINE void add_rows(Lines<T> dz, Lines<T> saved, int64_t segments, int64_t columns,
                          const SavedCoefficients& wide, Source source, Phi phi, RunSums& run) {
  for (int64_t k = 0; k < segments; ++k) {
    const T *grads = dz.data + k * dz.pitch, *kept = saved.data + k * saved.pitch;
    const int64_t first = k * columns;
    for_pairs(columns, [&](int64_t c, auto size) IABN_INLINE_LAMBDA {
      const SavedPair at = read_saved(wide, first + c);
      Pair dy{}, dy_t{};
      for (int64_t r = 0; r < Count; ++r) {
        const Pair from = read_pair(kept + r * saved.stride + c, size);
        const Pair grad = read_pair(grads + r * dz.stride + c, size);
        const Recovered a = source.recover(phi, from.a, grad.a, at.a);
        const Recovered b = source.recover(phi, from.b, grad.b, at.b);
        dy = {dy.a + a.dy, dy.b + b.dy};
        dy_t = {dy_t.a + a.dy * a.t, dy_t.b + b.dy * b.t};
      }
      add_columns(run.dy + first + c, dy);
      add_columns(run.dy_t + first + c, dy_t);
    });
  }
}

template <class T>
void sum_tile(Lines<T> dz, Lines<T> saved, const Tile& tile, const SavedCoefficients& wide, bool from_output,
              Activation activation, double* sum_dy, double* sum_dy_t) {
  const int64_t columns = tile.width(), padded = whole_pairs(columns);
  double dy[kMaxBlock] = {}, dy_t[kMaxBlock] = {};
  with_saved<kFolded<T>>(from_output, activation, [&](auto source, auto phi) IABN_INLINE_LAMBDA {
    RunSums run;
    for (int64_t first = 0; first < tile.rows; first += kRun) {
      for (int64_t c = 0; c < padded; ++c) run.dy[c] = run.dy_t[c] = 0.0f;
      for_rows<4>(first, std::min(tile.rows, first + kRun),
                  [&](int64_t row, int64_t apart, auto count) IABN_INLINE_LAMBDA {
                    if (tile.in_pairs(kPair)) {
                      add_rows<count>(dz.every(row, apart), saved.every(row, apart), tile.segments,
                                      tile.columns, wide, source, phi, run);
                    } else {
                      PackedRows<T, count> grads, kept;
                      add_rows<count>(grads.pack(dz.every(row, apart), tile.segments, tile.columns),
                                      kept.pack(saved.every(row, apart), tile.segments, tile.columns), 1,
                                      columns, wide, source, phi, run);
                    }
                  });
      for (int64_t c = 0; c < padded; ++c) dy[c] += static_cast<double>(run.dy[c]);
      for (int64_t c = 0; c < padded; ++c) dy_t[c] += static_cast<double>(run.dy_t[c]);
    }
  });
  if (kFolded<T>) {
    for (int64_t c = 0; c < padded; ++c) dy_t[c] -= static_cast<double>(wide.shift[c]) * dy[c];
  }
  copy_columns<T>(dy, sum_dy, columns);
  copy_columns<T>(dy_t, sum_dy_t, columns);
}

constexpr Engine kEngine = {sum_tile<float>, sum_tile<bf16>, order_columns<bf16>};
