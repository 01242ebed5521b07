// Includes IABN_BODY once per instruction set, in namespaces of a translation unit's unnamed one; each body
// defines kEngine, an Engine of functions that are compiled for kLanes floats in a vector. engine_for() finds
// the one for a number of lanes. Where IABN_BODY_ROUNDS is defined there is one more, for CPUs that round to
// bfloat16 by an instruction (which takes denormal numbers for zeros).
//
// target_clones (simd.h) would come too late for bodies that use vector types: these are lowered before
// functions are inlined.

namespace base {
constexpr int kLanes = 4;
// Of a product that keeps two vectors of sums for each: a register file's worth.
#ifdef __aarch64__
constexpr int kTileRows = 10;  // GCC 12 spills with more
#else
constexpr int kTileRows = 6;
#endif
#include "cpu/simd/vectors_simd.h"
#include IABN_BODY
}  // namespace base

#ifdef __x86_64__

IABN_BEGIN_ISA("arch=x86-64-v3")
#define IABN_MAX_OF_VECTORS(a, b) _mm256_max_ps(a, b)
#define IABN_WIDEN_HALVES(halves) _mm256_cvtepu16_epi32((__m128i)(halves))
namespace v3 {
constexpr int kLanes = 8;
constexpr int kTileRows = 6;
#include "cpu/simd/vectors_simd.h"
#include IABN_BODY
}  // namespace v3
#undef IABN_MAX_OF_VECTORS
#undef IABN_WIDEN_HALVES
IABN_END_ISA

IABN_BEGIN_ISA("arch=x86-64-v4")
// GCC 12 warns of its own intrinsics without a mask.
#define IABN_MAX_OF_VECTORS(a, b) _mm512_maskz_max_ps(0xffff, a, b)
#define IABN_WIDEN_HALVES(halves) _mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)(halves))
#define IABN_EXPONENT_OF(v) _mm512_maskz_getexp_ps(0xffff, v)
#define IABN_MANTISSA_OF(v) _mm512_maskz_getmant_ps(0xffff, v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero)
#define IABN_ENTRIES_OF(table, places) _mm512_maskz_permutexvar_ps(0xffff, (__m512i)(places), table)
namespace v4 {
constexpr int kLanes = 16;
constexpr int kTileRows = 14;
#include "cpu/simd/vectors_simd.h"
#include IABN_BODY
}  // namespace v4
IABN_END_ISA

#ifdef IABN_BODY_ROUNDS
IABN_BEGIN_ISA("arch=x86-64-v4,avx512bf16")
#define IABN_NATIVE_BF16
namespace v4_bf16 {
constexpr int kLanes = 16;
constexpr int kTileRows = 14;
#include "cpu/simd/vectors_simd.h"
#include IABN_BODY
}  // namespace v4_bf16
#undef IABN_NATIVE_BF16
IABN_END_ISA
#endif
#undef IABN_MAX_OF_VECTORS
#undef IABN_WIDEN_HALVES
#undef IABN_EXPONENT_OF
#undef IABN_MANTISSA_OF
#undef IABN_ENTRIES_OF

const Engine& engine_for(int64_t lanes) {
#ifdef IABN_BODY_ROUNDS
  if (lanes == v4::kLanes && onednn::has_bfloat16()) return v4_bf16::kEngine;
#endif
  if (lanes == v4::kLanes) return v4::kEngine;
  if (lanes == v3::kLanes) return v3::kEngine;
  return base::kEngine;
}

#else

const Engine& engine_for(int64_t) { return base::kEngine; }

#endif
