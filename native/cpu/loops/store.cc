#include "cpu/loops/store.h"

#include "cpu/onednn/onednn.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace iabn {
namespace {

IABN_SIMD void narrow_leaf(const float* from, bf16* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) store(to + i, from[i]);
}

IABN_SIMD void widen_leaf(const bf16* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = load(from + i);
}

using Narrow = void (*)(const float*, bf16*, int64_t);

#ifdef __x86_64__

__attribute__((target("arch=x86-64-v4,avx512bf16"))) void narrow_native(const float* from, bf16* to,
                                                                        int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256i halves = (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), halves);
  }
  if (i == count) return;
  const __mmask16 rest = static_cast<__mmask16>((1u << (count - i)) - 1);
  const __m256i halves = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + i));
  _mm256_mask_storeu_epi16(to + i, rest, halves);
}

Narrow choose() { return onednn::has_bfloat16() ? narrow_native : narrow_leaf; }

#else

constexpr Narrow choose() { return narrow_leaf; }

#endif

}  // namespace

void narrow(const float* from, bf16* to, int64_t count) {
  static const Narrow chosen = choose();
  chosen(from, to, count);
}

void widen(const bf16* from, float* to, int64_t count) { widen_leaf(from, to, count); }

}  // namespace iabn
