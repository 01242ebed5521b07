// Data dtypes of the CPU kernels: float32 and bfloat16, computed in float32.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "cpu/simd/simd.h"
#include "program/tensor.h"

namespace iabn {

// The upper half of a float32.
struct bf16 {
  uint16_t bits;
};

IABN_INLINE uint32_t bits_of(float value) { return __builtin_bit_cast(uint32_t, value); }
IABN_INLINE float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Returns b if either is NaN.
IABN_INLINE float larger_of(float a, float b) { return a > b ? a : b; }
// NaN stays NaN.
IABN_INLINE float at_least(float value, float low) { return larger_of(low, value); }

IABN_INLINE int32_t as_signed(uint32_t value) { return static_cast<int32_t>(value); }
IABN_INLINE float to_float(int32_t value) { return static_cast<float>(value); }

IABN_INLINE float load(const float* p) { return *p; }
IABN_INLINE float load(const bf16* p) { return float_of(static_cast<uint32_t>(p->bits) << 16); }

// Rounds to nearest, ties to even. NaN becomes quiet, since its payload may be in the lost half.
IABN_INLINE bf16 to_bf16(float value) {
  const uint32_t bits = bits_of(value);
  const bool nan = value != value;
  const uint32_t half = nan ? 0u : 0x7fffu + ((bits >> 16) & 1u);
  const uint32_t quiet = nan ? 0x400000u : 0u;
  return bf16{static_cast<uint16_t>(((bits + half) | quiet) >> 16)};
}

IABN_INLINE void store(float* p, float value) { *p = value; }
IABN_INLINE void store(bf16* p, float value) { *p = to_bf16(value); }

template <class T>
struct DataType {
  using type = T;
};

// body(DataType<float>{}) or body(DataType<bf16>{}).
template <class Body>
void with_data(DType dtype, Body&& body) {
  if (dtype == DType::f32) return body(DataType<float>{});
  if (dtype == DType::bf16) return body(DataType<bf16>{});
  throw std::invalid_argument("expected float32 or bfloat16 data");
}

}  // namespace iabn
