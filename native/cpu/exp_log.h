// Exponential and logarithm as straight-line float32 code that the compiler can put into vector loops.
// Polynomials of Cephes (S. Moshier), errors within 2 ulp on the stated ranges. NaN in, NaN out.
#pragma once

#include <cstdint>

#include "cpu/data.h"

namespace iabn {

// x = n·ln 2 + r with |r| ≤ ln 2 / 2; then exp(x) = 2ⁿ·(1 + p), p = expm1(r).
struct ExpParts {
  float power;  // 2ⁿ
  float p;
};

// For −87 ≤ x ≤ 0 (2ⁿ stays a normal number).
IABN_INLINE ExpParts exp_parts(float x) {
  // Adding 1.5·2²³ leaves n in the low bits; the subtraction gives it back as a float.
  constexpr float magic = 12582912.0f;
  const float shifted = x * 1.44269504088896341f + magic;
  const float n = shifted - magic;
  float r = x - n * 0.693359375f;
  r -= n * -2.12194440e-4f;
  float q = 1.9875691500e-4f;
  q = q * r + 1.3981999507e-3f;
  q = q * r + 8.3334519073e-3f;
  q = q * r + 4.1665795894e-2f;
  q = q * r + 1.6666665459e-1f;
  q = q * r + 5.0000001201e-1f;
  const uint32_t exponent = bits_of(shifted) - bits_of(magic) + 127u;
  return {float_of(exponent << 23), q * (r * r) + r};
}

// exp(x) for x ≤ 0, with 0 where the result would be below 2⁻¹²⁵.
IABN_INLINE float exp_nonpositive(float x) {
  const ExpParts e = exp_parts(x < -87.0f ? -87.0f : x);
  const float value = e.power * e.p + e.power;
  return x < -87.0f ? 0.0f : value;
}

// exp(x) − 1 for x ≤ 0, accurate relative to itself down to x = −0.
IABN_INLINE float expm1_nonpositive(float x) {
  const ExpParts e = exp_parts(x < -30.0f ? -30.0f : x);
  return e.power * e.p + (e.power - 1.0f);
}

// log(1 + u) for u ≤ 0, accurate relative to itself; u is held at the last float above −1.
//   w = 1 + u = 2ᵉ·m with m in [√½, √2);  log w = e·ln 2 + log(1 + f),  f = m − 1 + what 1 + u rounded away
IABN_INLINE float log1p_nonpositive(float u) {
  const float v = u < -0.99999994f ? -0.99999994f : u;
  const float w = 1.0f + v;
  const float lost = v - (w - 1.0f);
  // The exponent that brings m into [√½, √2): count from the bits of √½.
  const uint32_t offset = bits_of(w) - 0x3f3504f3u;
  const int32_t e = static_cast<int32_t>(offset) >> 23;
  const float m = float_of((offset & 0x007fffffu) + 0x3f3504f3u);
  const float scale = float_of(static_cast<uint32_t>(127 - e) << 23);  // 2⁻ᵉ, e ≥ −24
  const float f = (m - 1.0f) + lost * scale;
  float q = 7.0376836292e-2f;
  q = q * f - 1.1514610310e-1f;
  q = q * f + 1.1676998740e-1f;
  q = q * f - 1.2420140846e-1f;
  q = q * f + 1.4249322787e-1f;
  q = q * f - 1.6668057665e-1f;
  q = q * f + 2.0000714765e-1f;
  q = q * f - 2.4999993993e-1f;
  q = q * f + 3.3333331174e-1f;
  const float square = f * f;
  const float n = static_cast<float>(e);
  float tail = f * square * q + n * -2.12194440e-4f;
  tail -= 0.5f * square;
  const float value = (f + tail) + n * 0.693359375f;
  // A NaN took a detour through integers.
  return u != u ? u : value;
}

}  // namespace iabn
