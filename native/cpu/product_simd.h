// Body of product_engine.cc (each_isa.h).

// What a stretch of the sum reads of b stays in the first-level cache for all rows, beside a strip of a: whole
// cache lines for every element where the sum runs down its columns.
constexpr int64_t kStretch = 256, kColumnStretch = 128;

template <int R, int NV>
void product_tile(const Product& p, int64_t row, int64_t first, int64_t depth) {
  const float* a[R];
  Vec acc[R][NV] = {};
  float* out = p.out + row * p.out_row;
  for (int r = 0; r < R; ++r) a[r] = p.a + (row + r) * p.a_row + first * p.a_depth;
  if (p.add || first > 0) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[r][v] = get(out + r * p.out_row + v * kLanes);
    }
  }
  const float* b = p.b + first * p.b_depth;
  const int64_t step = p.a_depth;
  for (int64_t k = 0; k < depth; ++k, b += p.b_depth) {
    Vec weight[NV];
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) weight[v] = get(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < NV; ++v) acc[r][v] += a[r][k * step] * weight[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < NV; ++v) put(out + r * p.out_row + v * kLanes, acc[r][v]);
  }
}

using TileFunction = void (*)(const Product&, int64_t, int64_t, int64_t);

// Strips of rows as even as can be, so that none is so low that it waits for its own sums.
template <int NV, int R = kTileRows>
IABN_INLINE TileFunction tile_of(int64_t rows) {
  if constexpr (R == 1) {
    return product_tile<1, NV>;
  } else {
    return rows == R ? product_tile<R, NV> : tile_of<NV, R - 1>(rows);
  }
}

template <int NV>
void product_columns(const Product& p) {
  const int64_t strips = (p.rows + kTileRows - 1) / kTileRows, low = p.rows / strips, high = p.rows % strips;
  const TileFunction low_tile = tile_of<NV>(low), high_tile = tile_of<NV>(high > 0 ? low + 1 : low);
  const int64_t stretch = p.a_depth == 1 ? kStretch : kColumnStretch;
  for (int64_t first = 0; first < p.depth; first += stretch) {
    const int64_t depth = std::min(stretch, p.depth - first);
    int64_t row = 0;
    for (int64_t strip = 0; strip < high; ++strip, row += low + 1) high_tile(p, row, first, depth);
    for (int64_t strip = high; strip < strips; ++strip, row += low) low_tile(p, row, first, depth);
  }
}

void product(const Product& p) {
  if (p.rows == 0) return;
  if (p.columns == kLanes) return product_columns<1>(p);
  product_columns<2>(p);
}

constexpr Engine kEngine = {kLanes, product};
