// Body of depthwise_engine.cc (each_isa.h).
#include "cpu/simd/pairs_simd.h"

// Outputs per tile; each keeps a pair of sums in registers.
constexpr int kOutputs = kLanes == 16 ? 4 : 2;

// Adds pixel J of a tile to the sums of the outputs that use it.
template <int Columns, int Step, int P, int J>
IABN_INLINE void add_pixel(Pair (&sums)[P], Pair x, const Pair (&w)[Columns]) {
#pragma GCC unroll 8
  for (int t = 0; t < Columns; ++t) {
    const int at = J - t;
    if (at < 0 || at % Step != 0 || at / Step >= P) continue;
    sums[at / Step].a += x.a * w[t].a;
    sums[at / Step].b += x.b * w[t].b;
  }
}

template <int Columns, int Step, int P, class T, int... J>
IABN_INLINE void add_row(Pair (&sums)[P], const T* x, int64_t pixel, const Pair (&w)[Columns],
                         std::integer_sequence<int, J...>) {
  (add_pixel<Columns, Step, P, J>(sums, read_pair(x + J * pixel, Whole{}), w), ...);
}

// Outputs first … first + P − 1.
template <int Columns, int Step, int P, class T>
IABN_INLINE void tile(const Run<T>& run, int64_t first) {
  const int64_t blocks = run.w_channels / kPair;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t at = block * kPair, channel = std::min(at, run.channels - kPair);
    Pair sums[P];
    const Pair bias = read_columns(run.bias + at);
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sums[p] = bias;
    for (int64_t r = 0; r < run.rows; ++r) {
      Pair w[Columns];
#pragma GCC unroll 8
      for (int t = 0; t < Columns; ++t) w[t] = read_columns(run.w[r] + t * run.w_channels + at);
      add_row<Columns, Step, P>(sums, run.x[r] + first * Step * run.pixel + channel, run.pixel, w,
                                std::make_integer_sequence<int, (P - 1) * Step + Columns>{});
    }
    T* out = run.out + first * run.out_pixel + channel;
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) write_pair(out + p * run.out_pixel, sums[p], Whole{});
  }
}

template <int Columns, int Step, class T>
void run_tiles(const Run<T>& run) {
  int64_t first = 0;
  for (; first + kOutputs <= run.count; first += kOutputs) tile<Columns, Step, kOutputs>(run, first);
  if constexpr (kOutputs > 2) {
    for (; first + 2 <= run.count; first += 2) tile<Columns, Step, 2>(run, first);
  }
  for (; first < run.count; ++first) tile<Columns, Step, 1>(run, first);
}

template <int Columns, int Step, class T>
void correlate(const Correlation<T>& c) {
  Pair sums[Columns] = {};
  for (int64_t line = 0; line < c.lines; ++line) {
    const T *x = c.x + line * c.x_line, *dy = c.dy + line * c.dy_line;
    for (int64_t i = 0; i < c.count; ++i, x += Step * c.pixel, dy += c.pixel) {
      const Pair d = read_pair(dy, Whole{});
#pragma GCC unroll 8
      for (int t = 0; t < Columns; ++t) {
        const Pair v = read_pair(x + t * c.pixel, Whole{});
        sums[t].a += v.a * d.a;
        sums[t].b += v.b * d.b;
      }
    }
  }
  for (int t = 0; t < Columns; ++t) {
    add_to(c.sums + t * c.sums_step, sums[t].a);
    add_to(c.sums + t * c.sums_step + kLanes, sums[t].b);
  }
}

template <class T, int... Columns>
constexpr Leaves<T> make_leaves(std::integer_sequence<int, Columns...>) {
  return {{{run_tiles<Columns + 1, 1, T>...}, {run_tiles<Columns + 1, 2, T>...}},
          {{correlate<Columns + 1, 1, T>...}, {correlate<Columns + 1, 2, T>...}}};
}

constexpr auto kColumns = std::make_integer_sequence<int, static_cast<int>(kMostColumns)>{};
constexpr Engine kEngine = {
    {make_leaves<float>(kColumns), make_leaves<bf16>(kColumns)}, kLanes, kPair, order_columns<bf16>};
