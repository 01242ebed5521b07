// Body of grouped_engine.cc (each_isa.h), on packed rows of float32 or of pairs of bfloat16.

// Lane l of the result is lane l xor K of x.
template <int K>
IABN_INLINE Vec swapped(Vec v) {
  if constexpr (K == 0) return v;
#ifdef __clang__
  Vec result;
  for (int l = 0; l < kLanes; ++l) result[l] = v[l ^ K];
  return result;
#else  // GCC keeps more of a tile in registers than with __builtin_shufflevector, which both have
  Index lanes;
  for (int32_t l = 0; l < kLanes; ++l) lanes[l] = l ^ K;
  return __builtin_shuffle(v, lanes);
#endif
}

// acc[p] += x[p] permuted by k · w[k], for k from K on.
template <int G, int K, int P>
IABN_INLINE void add_permuted(Vec (&acc)[P], const float* x, int64_t step, const float* w) {
  const Vec weight = get(w + K * kLanes);
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) acc[p] += swapped<K>(get(x + p * step)) * weight;
  // Or the compiler would keep every x for the next permutation: in memory, for want of registers.
  asm volatile("" ::: "memory");
  if constexpr (K + 1 < G) add_permuted<G, K + 1>(acc, x, step, w);
}

// Step: floats between adjacent x if known at compile time; 0 to read it from the row.
template <int G, int Step, int P>
void lanes_tile(const Row& row, int64_t first) {
  const int64_t step = Step ? Step : row.step;
  Vec acc[P] = {};
  for (int64_t t = 0; t < row.taps_count; ++t) {
    add_permuted<G, 0>(acc, row.x + row.taps[t].x + first * step, step, row.w + row.taps[t].w);
  }
  float* out = row.out + first * row.out_step;
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) put(out + p * row.out_step, acc[p]);
}

template <int NV, int Step, int P>
void broadcast_tile(const Row& row, int64_t first) {
  const int64_t step = Step ? Step : row.step;
  Vec acc[P][NV] = {};
  for (int64_t t = 0; t < row.taps_count; ++t) {
    const float* x = row.x + row.taps[t].x + first * step;
    const float* w = row.w + row.taps[t].w;
    for (int64_t i = 0; i < row.inputs; ++i, w += NV * kLanes) {
      Vec weight[NV];
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) weight[v] = get(w + v * kLanes);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
#pragma GCC unroll 2
        for (int v = 0; v < NV; ++v) acc[p][v] += x[p * step + i] * weight[v];
      }
    }
  }
  float* out = row.out + first * row.out_step;
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) put(out + p * row.out_step + v * kLanes, acc[p][v]);
  }
}

using TileFunction = void (*)(const Row&, int64_t);

// Covers the row with tiles of 3·Unit, 2·Unit or Unit outputs; fewer than Unit are computed past its end.
template <int Unit>
IABN_INLINE void tile_row(const Row& row, TileFunction three, TileFunction two, TileFunction one) {
  for (int64_t first = 0; first < row.count;) {
    const int64_t left = row.count - first;
    if (left > 4 * Unit || (left > 2 * Unit && left <= 3 * Unit)) {
      three(row, first), first += 3 * Unit;
    } else if (left > Unit) {
      two(row, first), first += 2 * Unit;
    } else {
      one(row, first), first += Unit;
    }
  }
}

template <int G, int Step>
IABN_INLINE void lanes_row_of(const Row& row) {
  tile_row<4>(row, lanes_tile<G, Step, 12>, lanes_tile<G, Step, 8>, lanes_tile<G, Step, 4>);
}

template <int G>
void lanes_row(const Row& row) {
  if (row.step == kLanes) return lanes_row_of<G, kLanes>(row);
  lanes_row_of<G, 0>(row);
}

template <int NV, int Step>
IABN_INLINE void broadcast_row_of(const Row& row) {
  constexpr int unit = 4 / NV;
  tile_row<unit>(row, broadcast_tile<NV, Step, 3 * unit>, broadcast_tile<NV, Step, 2 * unit>,
                 broadcast_tile<NV, Step, unit>);
}

template <int NV>
void broadcast_row(const Row& row) {
  if (row.step == NV * kLanes) return broadcast_row_of<NV, NV * kLanes>(row);
  broadcast_row_of<NV, 0>(row);
}

// Taps first … first + Taps − 1 with the K-th permutation.
template <int G, int K, int Taps>
void correlate_lanes(const Correlation& c, int64_t first) {
  Vec acc[Taps] = {};
  for (int64_t r = 0; r < c.rows; ++r) {
    const float* target[Taps];
    for (int t = 0; t < Taps; ++t) target[t] = c.target + r * c.target_row + c.offsets[first + t];
    const float* source = c.source + r * c.source_row;
    for (int64_t i = 0; i < c.columns; ++i) {
      const Vec s = swapped<K>(get(source + i * kLanes));
#pragma GCC unroll 16
      for (int t = 0; t < Taps; ++t) acc[t] += get(target[t] + i * c.target_step) * s;
    }
  }
  for (int t = 0; t < Taps; ++t) add_to(c.sums + ((first + t) * G + K) * kLanes, acc[t]);
}

template <int G, int K>
IABN_INLINE void correlate_permuted(const Correlation& c) {
  int64_t t = 0;
  for (; t + 9 <= c.taps; t += 9) correlate_lanes<G, K, 9>(c, t);
  for (; t + 3 <= c.taps; t += 3) correlate_lanes<G, K, 3>(c, t);
  for (; t < c.taps; ++t) correlate_lanes<G, K, 1>(c, t);
  if constexpr (K + 1 < G) correlate_permuted<G, K + 1>(c);
}

template <int G>
void lanes_correlation(const Correlation& c) {
  correlate_permuted<G, 0>(c);
}

// Sources first … first + Sources − 1 with the target vectors begin … begin + Targets − 1 of all taps.
template <int Sources, int Targets>
void correlate_broadcast(const Correlation& c, int64_t first, int64_t begin) {
  Vec acc[Sources][Targets] = {};
  for (int64_t r = 0; r < c.rows; ++r) {
    const float* target[Targets];
    for (int t = 0; t < Targets; ++t) target[t] = c.target + r * c.target_row + c.offsets[begin + t];
    const float* source = c.source + r * c.source_row + first;
    for (int64_t i = 0; i < c.columns; ++i, source += c.source_step) {
      Vec x[Targets];
#pragma GCC unroll 4
      for (int t = 0; t < Targets; ++t) x[t] = get(target[t] + i * c.target_step);
#pragma GCC unroll 8
      for (int s = 0; s < Sources; ++s) {
#pragma GCC unroll 4
        for (int t = 0; t < Targets; ++t) acc[s][t] += source[s] * x[t];
      }
    }
  }
  for (int t = 0; t < Targets; ++t) {
    const int64_t tap = (begin + t) / c.vectors, v = (begin + t) % c.vectors;
    for (int s = 0; s < Sources; ++s) {
      add_to(c.sums + ((tap * c.sources + first + s) * c.vectors + v) * kLanes, acc[s][t]);
    }
  }
}

template <int Targets>
IABN_INLINE void correlate_sources(const Correlation& c, int64_t begin) {
  int64_t s = 0;
  for (; s + 4 <= c.sources; s += 4) correlate_broadcast<4, Targets>(c, s, begin);
  for (; s < c.sources; ++s) correlate_broadcast<1, Targets>(c, s, begin);
}

void broadcast_correlation(const Correlation& c) {
  const int64_t targets = c.taps * c.vectors;
  int64_t t = 0;
  for (; t + 3 <= targets; t += 3) correlate_sources<3>(c, t);
  for (; t < targets; ++t) correlate_sources<1>(c, t);
}

#include "cpu/convolution/grouped_triples_simd.h"

// Pixels ahead of which images are fetched: with few channels, memory takes longer than the sums.
constexpr int64_t kPixelsAhead = 16;

// Pixel by pixel for all blocks, so that images are read and written in whole cache lines.
template <class T>
void pack_row(const PackedRow& row, const T* from, float* to, int64_t count) {
  const int64_t width = row.width;
  if (from == nullptr) {
    for (int64_t b = 0; b < row.blocks; ++b) std::fill_n(to + b * row.block_stride, count * width, 0.0f);
  } else if (row.contiguous && width % kLanes == 0) {
    for (int64_t i = 0; i < count; ++i, to += width) {
      const T* pixel = from + i * row.pixel_stride + row.channels[0];
      for (int64_t b = 0; b < row.blocks; ++b, pixel += width) {
        for (int64_t v = 0; v < width; v += kLanes) {
          __builtin_prefetch(pixel + v + kPixelsAhead * row.pixel_stride);
          put(to + b * row.block_stride + v, get(pixel + v));
        }
      }
    }
  } else {
    for (int64_t i = 0; i < count; ++i, to += width) {
      const T* pixel = from + i * row.pixel_stride;
      for (int64_t b = 0; b < row.blocks; ++b) {
        for (int64_t l = 0; l < width; ++l) {
          const int32_t c = row.channels[b * width + l];
          to[b * row.block_stride + l] = c < 0 ? 0.0f : load(pixel + c);
        }
      }
    }
  }
}

template <class T>
void unpack_row(const PackedRow& row, const float* from, T* to, int64_t count) {
  const bool vectors = row.contiguous && row.width % kLanes == 0;
  for (int64_t i = 0; i < count; ++i, from += row.width, to += row.pixel_stride) {
    T* next = to + row.channels[0];
    for (int64_t b = 0; b < row.blocks; ++b) {
      const float* packed = from + b * row.block_stride;
      if (vectors) {
        for (int64_t v = 0; v < row.width; v += kLanes, next += kLanes) {
          __builtin_prefetch(next + kPixelsAhead * row.pixel_stride, 1);
          put(next, get(packed + v));
        }
      } else {
        const int32_t* channels = row.channels + b * row.width;
        for (int64_t l = 0; l < row.width; ++l) {
          if (channels[l] >= 0) store(to + channels[l], packed[l]);
        }
      }
    }
  }
}

#ifdef IABN_NATIVE_BF16
IABN_INLINE Bits halves_at(const bf16* p) {
  return (Bits)IABN_WIDEN_HALVES(*reinterpret_cast<const LooseHalves*>(p));
}

void pack_pairs(const PackedRow& row, int64_t group_lanes, const bf16* from, float* to, int64_t count) {
  const int64_t pairs = group_lanes / 2;
  Index places;
  for (int l = 0; l < kLanes; ++l) places[l] = static_cast<int32_t>(l / group_lanes * pairs + l % pairs);
  for (int64_t i = 0; i < count; ++i, to += kLanes) {
    const bf16* pixel = from + i * row.pixel_stride + row.channels[0];
    for (int64_t b = 0; b < row.blocks; ++b, pixel += kLanes) {
      __builtin_prefetch(pixel + kPixelsAhead * row.pixel_stride);
      const __m512i halves = _mm512_castsi256_si512((__m256i) * reinterpret_cast<const LooseHalves*>(pixel));
      put(to + b * row.block_stride, (Vec)_mm512_maskz_permutexvar_epi32(0xffff, (__m512i)places, halves));
    }
  }
}

void pack_columns(const PackedRow& row, const Columns& columns, const bf16* from, float* to) {
  for (int64_t i = 0; i < columns.packed; ++i, to += kLanes) {
    const int64_t column = i * columns.step - columns.before;
    const bool low = column >= 0 && column < columns.count;
    const bool high = column >= -1 && column + 1 < columns.count;
    const bf16* pixel = from + column * row.pixel_stride + row.channels[0];
    for (int64_t b = 0; b < row.blocks; ++b, pixel += kLanes) {
      __builtin_prefetch(pixel + kPixelsAhead * row.pixel_stride);
      Bits bits{};
      if (low) bits = halves_at(pixel);
      if (high) bits |= halves_at(pixel + row.pixel_stride) << 16;
      put(to + b * row.block_stride, float_of(bits));
    }
  }
}
#endif

template <int Log2>
constexpr void add_lanes(Engine& e) {
  constexpr int G = 1 << Log2;
  constexpr int taps = static_cast<int>(Form::taps), triples = static_cast<int>(Form::triples);
  e.lanes_row[taps][Log2] = lanes_row<G>, e.lanes_correlation[taps][Log2] = lanes_correlation<G>;
  e.lanes_row[triples][Log2] = triples_row<Floats, G>;
  e.lanes_correlation[triples][Log2] = triples_correlation<FloatTriples, G>;
#ifdef IABN_NATIVE_BF16
  if constexpr (G > 1) {
    constexpr int pairs = static_cast<int>(Form::pairs);
    e.lanes_row[pairs][Log2] = triples_row<Pairs, G / 2>;
    e.lanes_correlation[pairs][Log2] = triples_correlation<PairTriples, G>;
  }
#endif
}

constexpr Engine make_engine() {
  Engine e{};
  e.lanes = kLanes;
  add_lanes<0>(e), add_lanes<1>(e);
  if constexpr (kLanes >= 8) add_lanes<2>(e);
  if constexpr (kLanes >= 16) add_lanes<3>(e);
  e.broadcast_row[0] = broadcast_row<1>, e.broadcast_row[1] = broadcast_row<2>;
  e.broadcast_correlation = broadcast_correlation;
  e.f32 = {pack_row<float>, unpack_row<float>}, e.half = {pack_row<bf16>, unpack_row<bf16>};
#ifdef IABN_NATIVE_BF16
  e.pack_pairs = pack_pairs, e.pack_columns = pack_columns;
#endif
  return e;
}

constexpr Engine kEngine = make_engine();
