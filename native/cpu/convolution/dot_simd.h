// Body of dot_engine.cc (each_isa.h).

#ifdef IABN_NATIVE_BF16

// Pairs of a stretch, which is summed separately because rounding errors grow with its length. A stretch of b
// stays in the first-level cache for all rows.
constexpr int64_t kStretch = 128;

IABN_INLINE __m512bh pairs_at(const bf16* p) { return (__m512bh)get(reinterpret_cast<const float*>(p)); }

IABN_INLINE __m512bh same_pair(const bf16* p) {
  int32_t pair;
  std::memcpy(&pair, p, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}

// If Column, the rows of a pair are contiguous.
template <bool Column, int R, int NV>
void dot_tile(const Product& p, int64_t row, int64_t first, int64_t pairs) {
  __m512 acc[R][NV] = {};
  const int64_t a_row = Column ? 2 : p.a_row, a_pair = Column ? p.a_pair : 2;
  const bf16* a = p.a + row * a_row + first * a_pair;
  const bf16* b = p.b + 2 * first * p.columns;
  for (int64_t k = 0; k < pairs; ++k, a += a_pair, b += 2 * NV * kLanes) {
    __m512bh weight[NV];
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) weight[v] = pairs_at(b + 2 * v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const __m512bh x = same_pair(a + r * a_row);
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[r][v] = _mm512_dpbf16_ps(acc[r][v], x, weight[v]);
    }
  }
  float* const out = p.out + row * p.out_row;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) {
      float* const to = out + r * p.out_row + v * kLanes;
      put(to, first > 0 || p.add ? get(to) + (Vec)acc[r][v] : (Vec)acc[r][v]);
    }
  }
}

using TileFunction = void (*)(const Product&, int64_t, int64_t, int64_t);

template <bool Column, int NV, int R = kTileRows>
IABN_INLINE TileFunction tile_of(int64_t rows) {
  if constexpr (R == 1) {
    return dot_tile<Column, 1, NV>;
  } else {
    return rows == R ? dot_tile<Column, R, NV> : tile_of<Column, NV, R - 1>(rows);
  }
}

// Strips as even as possible, as in product_simd.h.
template <bool Column, int NV>
void dot_columns(const Product& p) {
  const int64_t strips = (p.rows + kTileRows - 1) / kTileRows, low = p.rows / strips, high = p.rows % strips;
  const TileFunction low_tile = tile_of<Column, NV>(low),
                     high_tile = tile_of<Column, NV>(high > 0 ? low + 1 : low);
  for (int64_t first = 0; first < p.depth / 2; first += kStretch) {
    const int64_t pairs = std::min(kStretch, p.depth / 2 - first);
    int64_t row = 0;
    for (int64_t strip = 0; strip < high; ++strip, row += low + 1) high_tile(p, row, first, pairs);
    for (int64_t strip = high; strip < strips; ++strip, row += low) low_tile(p, row, first, pairs);
  }
}

void multiply_pairs(const Product& p) {
  const bool narrow = p.columns == kLanes;
  if (p.a_row == 2) return narrow ? dot_columns<true, 1>(p) : dot_columns<true, 2>(p);
  return narrow ? dot_columns<false, 1>(p) : dot_columns<false, 2>(p);
}

constexpr Engine kEngine = {multiply_pairs};

#else

constexpr Engine kEngine = {nullptr};

#endif
