// Windows of three adjacent columns without a stride, in the lanes form (grouped_engine.h); a part of
// grouped_simd.h. A row's three taps read the same vectors, which are read and permuted once for all three.

// sum + a·b in each lane.
struct Floats {
  static IABN_INLINE_MEMBER Vec add(Vec sum, Vec a, Vec b) { return sum + a * b; }
};

#ifdef IABN_NATIVE_BF16
// Lanes of a and b are pairs of bfloat16, both of whose products are added.
struct Pairs {
  static IABN_INLINE_MEMBER Vec add(Vec sum, Vec a, Vec b) {
    return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
  }
};
#endif

// acc[p] += Σ_{t<3} x[p + t] permuted by k · w[t][k], for k from K on.
template <class Product, int Permutations, int K, int P>
IABN_INLINE void add_three(Vec (&acc)[P], const float* x, const float* const (&w)[3]) {
  Vec weight[3];
#pragma GCC unroll 3
  for (int t = 0; t < 3; ++t) weight[t] = get(w[t] + K * kLanes);
#pragma GCC unroll 16
  for (int c = 0; c < P + 2; ++c) {
    const Vec s = swapped<K>(get(x + c * kLanes));
#pragma GCC unroll 3
    for (int t = 0; t < 3; ++t) {
      if (c >= t && c < P + t) acc[c - t] = Product::add(acc[c - t], s, weight[t]);
    }
  }
  asm volatile("" ::: "memory");  // as in add_permuted
  if constexpr (K + 1 < Permutations) add_three<Product, Permutations, K + 1>(acc, x, w);
}

template <class Product, int Permutations, int P>
void triples_tile(const Row& row, int64_t first) {
  Vec acc[P] = {};
  for (int64_t i = 0; i < row.taps_count; i += 3) {
    const Tap* const taps = row.taps + i;
    add_three<Product, Permutations, 0>(acc, row.x + taps[0].x + first * kLanes,
                                        {row.w + taps[0].w, row.w + taps[1].w, row.w + taps[2].w});
  }
  float* out = row.out + first * row.out_step;
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) put(out + p * row.out_step, acc[p]);
}

// Columns of a tile: as many sums as the registers hold along with three weights.
constexpr int64_t kMostColumns = kTileRows == 14 ? 14 : 8;

// Covers the row with tiles as even as possible.
template <class Product, int Permutations>
void triples_row(const Row& row) {
  for (int64_t first = 0; first < row.count;) {
    const int64_t left = row.count - first, tiles = (left + kMostColumns - 1) / kMostColumns;
    const int64_t columns = (left + tiles - 1) / tiles;
    if (columns <= 4) {
      triples_tile<Product, Permutations, 4>(row, first), first += 4;
    } else if (columns <= 8) {
      triples_tile<Product, Permutations, 8>(row, first), first += 8;
    } else if constexpr (kMostColumns > 8) {
      if (columns <= 12) {
        triples_tile<Product, Permutations, 12>(row, first), first += 12;
      } else {
        triples_tile<Product, Permutations, 14>(row, first), first += 14;
      }
    }
  }
}

// Permutations of the source at once: reads of the target are shared where there are the registers for it.
constexpr int kPermutationsAtOnce = kTileRows == 14 ? 2 : 1;

// Sums of `Rows` rows of a window from tap `first` on, with permutations K … K + N − 1 of the source.
template <int K, int N, int Rows>
struct TripleSums {
  Vec of[Rows][3][N] = {};  // [row][tap][permutation]
  const float* target[Rows] = {};

  IABN_INLINE_MEMBER void begin_row(const Correlation& c, int64_t first, int64_t row) {
    for (int r = 0; r < Rows; ++r) target[r] = c.target + row * c.target_row + c.offsets[first + 3 * r];
  }
  static IABN_INLINE_MEMBER void permute(const float* from, Vec (&to)[N]) {
    const Vec s = get(from);
    to[0] = swapped<K>(s);
    if constexpr (N > 1) to[1] = swapped<K + 1>(s);
  }
  // Column i of the target meets the sources of columns i, i − 1 and i − 2 at taps Low … High.
  template <int Low, int High>
  IABN_INLINE_MEMBER void add_column(const Vec (&source)[3][N], int64_t i) {
#pragma GCC unroll 3
    for (int r = 0; r < Rows; ++r) {
      const Vec x = get(target[r] + i * kLanes);
#pragma GCC unroll 3
      for (int t = Low; t <= High; ++t) {
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) of[r][t][n] += x * source[t][n];
      }
    }
  }
  IABN_INLINE_MEMBER void add_to_sums(const Correlation& c, int64_t first, int permutations) const {
    for (int t = 0; t < 3 * Rows; ++t) {
      for (int n = 0; n < N; ++n) {
        add_to(c.sums + ((first + t) * permutations + K + n) * kLanes, of[t / 3][t % 3][n]);
      }
    }
  }
};

struct FloatTriples {
  template <int K, int N, int Rows>
  static IABN_INLINE_MEMBER void add_row(TripleSums<K, N, Rows>& sums, const float* source, int64_t columns) {
    Vec last[3][N];  // of columns i, i − 1, i − 2
    sums.permute(source, last[0]);
    sums.template add_column<0, 0>(last, 0);
    pass_on(last), sums.permute(source + kLanes, last[0]);
    sums.template add_column<0, 1>(last, 1);
    for (int64_t i = 2; i < columns; ++i) {
      pass_on(last), sums.permute(source + i * kLanes, last[0]);
      sums.template add_column<0, 2>(last, i);
    }
    pass_on(last);
    sums.template add_column<1, 2>(last, columns);
    pass_on(last);
    sums.template add_column<2, 2>(last, columns + 1);
  }

 private:
  template <int N>
  static IABN_INLINE_MEMBER void pass_on(Vec (&last)[3][N]) {
    for (int n = 0; n < N; ++n) last[2][n] = last[1][n], last[1][n] = last[0][n];
  }
};

#ifdef IABN_NATIVE_BF16
// Lanes of the source are of columns 2i and 2i + 1, those of the target of columns i and i + 1.
struct PairTriples {
  template <int K, int N, int Rows>
  static IABN_INLINE_MEMBER void add_row(TripleSums<K, N, Rows>& sums, const float* source, int64_t columns) {
    for (int64_t i = 0; i + 2 <= columns; i += 2) add_pair(sums, source, i, ~0u);
    // No column follows the last: 0 · ∞ would be NaN.
    if (columns % 2 != 0) add_pair(sums, source, columns - 1, 0xffffu);
  }

 private:
  template <int K, int N, int Rows>
  static IABN_INLINE_MEMBER void add_pair(TripleSums<K, N, Rows>& sums, const float* source, int64_t i,
                                          uint32_t kept) {
    Vec s[N];
    sums.permute(source + i / 2 * kLanes, s);
#pragma GCC unroll 3
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 3
      for (int t = 0; t < 3; ++t) {
        const Vec x = float_of(bits_of(get(sums.target[r] + (i + t) * kLanes)) & kept);
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) sums.of[r][t][n] = Pairs::add(sums.of[r][t][n], x, s[n]);
      }
    }
  }
};
#endif

// The taps of `Rows` rows of the window, from `first` on.
template <class Triples, int G, int K, int N, int Rows>
void correlate_triples(const Correlation& c, int64_t first) {
  TripleSums<K, N, Rows> sums;
  for (int64_t row = 0; row < c.rows; ++row) {
    sums.begin_row(c, first, row);
    Triples::add_row(sums, c.source + row * c.source_row, c.columns);
  }
  sums.add_to_sums(c, first, G);
}

template <class Triples, int G, int K>
IABN_INLINE void correlate_triples_from(const Correlation& c) {
  constexpr int N = std::min(kPermutationsAtOnce, G - K);
  int64_t t = 0;
  for (; t + 9 <= c.taps; t += 9) correlate_triples<Triples, G, K, N, 3>(c, t);
  for (; t < c.taps; t += 3) correlate_triples<Triples, G, K, N, 1>(c, t);
  if constexpr (K + N < G) correlate_triples_from<Triples, G, K + N>(c);
}

template <class Triples, int G>
void triples_correlation(const Correlation& c) {
  correlate_triples_from<Triples, G, 0>(c);
}
