#include "cpu/convolution/tile_6x16.h"

#include "cpu/onednn/onednn.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define IABN_TILE __attribute__((target("avx2,fma")))
#define IABN_UNROLL _Pragma("GCC unroll 6")

namespace iabn {
namespace {

struct Accumulators {
  __m256 low[kTileRows];
  __m256 high[kTileRows];
};

IABN_TILE IABN_INLINE void clear(Accumulators& acc) {
  IABN_UNROLL
  for (int r = 0; r < kTileRows; ++r) acc.low[r] = acc.high[r] = _mm256_setzero_ps();
}

// Add after the products: sums that started from these would round like the whole sum.
IABN_TILE IABN_INLINE void add_start(const ProductTile& t, Accumulators& acc) {
  if (t.bias) {
    const __m256 low = _mm256_loadu_ps(t.bias), high = _mm256_loadu_ps(t.bias + 8);
    IABN_UNROLL
    for (int r = 0; r < kTileRows; ++r) {
      acc.low[r] = _mm256_add_ps(acc.low[r], low);
      acc.high[r] = _mm256_add_ps(acc.high[r], high);
    }
  }
  if (!t.start) return;
  IABN_UNROLL
  for (int r = 0; r < kTileRows; ++r) {
    acc.low[r] = _mm256_add_ps(acc.low[r], _mm256_loadu_ps(t.start + r * t.start_stride));
    acc.high[r] = _mm256_add_ps(acc.high[r], _mm256_loadu_ps(t.start + r * t.start_stride + 8));
  }
}

// This operand order propagates NaN: max and min return the second operand then.
IABN_TILE IABN_INLINE __m256 activate(__m256 y, Activation::Kind kind, __m256 slope) {
  const __m256 zero = _mm256_setzero_ps();
  if (kind == Activation::Kind::relu) return _mm256_max_ps(zero, y);
  const __m256 scaled = _mm256_mul_ps(slope, y);
  return _mm256_blendv_ps(scaled, y, _mm256_cmp_ps(y, zero, _CMP_GT_OQ));
}

IABN_TILE IABN_INLINE void store(const ProductTile& t, Accumulators& acc) {
  if (t.activation != Activation::Kind::identity) {
    const __m256 slope = _mm256_set1_ps(t.slope);
    IABN_UNROLL
    for (int r = 0; r < kTileRows; ++r) {
      acc.low[r] = activate(acc.low[r], t.activation, slope);
      acc.high[r] = activate(acc.high[r], t.activation, slope);
    }
  }
  IABN_UNROLL
  for (int r = 0; r < kTileRows; ++r) {
    _mm256_storeu_ps(t.out + r * t.out_stride, acc.low[r]);
    _mm256_storeu_ps(t.out + r * t.out_stride + 8, acc.high[r]);
  }
}

}  // namespace

bool has_tiles() { return onednn::allows(onednn::Isa::avx2) && !onednn::allows(onednn::Isa::avx512); }

IABN_TILE void run_tile(const ProductTile& t) {
  Accumulators acc;
  clear(acc);
  const float* w = t.weights;
  for (int64_t tap = 0; tap < t.taps; ++tap) {
    const float* const* rows = t.rows + tap * kTileRows;
    const float* a[kTileRows];
    IABN_UNROLL
    for (int r = 0; r < kTileRows; ++r) a[r] = rows[r] + t.offset;
    for (int64_t k = 0; k < t.depth; ++k) {
      const __m256 low = _mm256_loadu_ps(w), high = _mm256_loadu_ps(w + 8);
      w += kTileColumns;
      IABN_UNROLL
      for (int r = 0; r < kTileRows; ++r) {
        const __m256 x = _mm256_broadcast_ss(a[r] + k);
        acc.low[r] = _mm256_fmadd_ps(x, low, acc.low[r]);
        acc.high[r] = _mm256_fmadd_ps(x, high, acc.high[r]);
      }
    }
  }
  add_start(t, acc);
  store(t, acc);
}

}  // namespace iabn

#else

namespace iabn {

bool has_tiles() { return false; }
void run_tile(const ProductTile&) {}

}  // namespace iabn

#endif

namespace iabn {
namespace {

IABN_SIMD void elu_leaf(float* out, int64_t count, float alpha) {
  const Elu<float> elu{alpha, 0.0f};
  for (int64_t i = 0; i < count; ++i) out[i] = elu.forward(out[i]);
}

}  // namespace

void apply_elu(float* out, int64_t count, float alpha) { elu_leaf(out, count, alpha); }

}  // namespace iabn
