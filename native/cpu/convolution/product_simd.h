// Body of product_engine.cc (each_isa.h).

// Length of a stretch, which is summed separately because rounding errors grow with the square root of the
// length. Shorter stretches cost time, because their sums are added to memory. A stretch of b stays in the
// first-level cache for all rows, together with a strip of a.
constexpr int64_t kStretch = 128;

// a at row r: three rows per pointer, because one pointer per row would not fit the registers. If Column, the
// rows of a column of `a` are contiguous.
template <bool Column, int R>
struct Rows {
  static constexpr int kPointers = Column ? 1 : (R + 2) / 3;
  const float* at[kPointers];
  int64_t row, depth;

  IABN_INLINE_MEMBER Rows(const Product& p, int64_t first_row, int64_t first)
      : row(p.a_row), depth(Column ? p.a_depth : 1) {
    for (int i = 0; i < kPointers; ++i) at[i] = p.a + (first_row + 3 * i) * row + first * depth;
  }
  IABN_INLINE_MEMBER float get(int r) const { return Column ? at[0][r] : at[r / 3][r % 3 * row]; }
  IABN_INLINE_MEMBER void next() {
    for (int i = 0; i < kPointers; ++i) at[i] += depth;
  }
};

template <bool Column, int R, int NV>
void product_tile(const Product& p, int64_t row, int64_t first, int64_t depth) {
  Vec acc[R][NV] = {};
  Rows<Column, R> a(p, row, first);
  const float* b = p.b + first * p.b_depth;
  for (int64_t k = 0; k < depth; ++k, b += p.b_depth, a.next()) {
    Vec weight[NV];
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) weight[v] = get(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[r][v] += a.get(r) * weight[v];
    }
  }
  float* out = p.out + row * p.out_row;
  // Add the previous sum last: a stretch that started from it would round like the whole sum.
  if (p.add || first > 0) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[r][v] += get(out + r * p.out_row + v * kLanes);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) put(out + r * p.out_row + v * kLanes, acc[r][v]);
  }
}

using TileFunction = void (*)(const Product&, int64_t, int64_t, int64_t);

// Strips as even as possible, so that none is too short to hide the latency of its sums.
template <bool Column, int NV, int R = kTileRows>
IABN_INLINE TileFunction tile_of(int64_t rows) {
  if constexpr (R == 1) {
    return product_tile<Column, 1, NV>;
  } else {
    return rows == R ? product_tile<Column, R, NV> : tile_of<Column, NV, R - 1>(rows);
  }
}

template <bool Column, int NV>
void product_columns(const Product& p) {
  const int64_t strips = (p.rows + kTileRows - 1) / kTileRows, low = p.rows / strips, high = p.rows % strips;
  const TileFunction low_tile = tile_of<Column, NV>(low),
                     high_tile = tile_of<Column, NV>(high > 0 ? low + 1 : low);
  for (int64_t first = 0; first < p.depth; first += kStretch) {
    const int64_t depth = std::min(kStretch, p.depth - first);
    int64_t row = 0;
    for (int64_t strip = 0; strip < high; ++strip, row += low + 1) high_tile(p, row, first, depth);
    for (int64_t strip = high; strip < strips; ++strip, row += low) low_tile(p, row, first, depth);
  }
}

void product(const Product& p) {
  if (p.rows == 0) return;
  const bool narrow = p.columns == kLanes;
  if (p.a_row == 1) return narrow ? product_columns<true, 1>(p) : product_columns<true, 2>(p);
  return narrow ? product_columns<false, 1>(p) : product_columns<false, 2>(p);
}

constexpr Engine kEngine = {kLanes, product};
