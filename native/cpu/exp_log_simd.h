// Exponential and logarithm as straight-line float32 code, of V: a float, in loops that the compiler makes
// vectors of (exp_log.h), or a vector (a part of bodies, each_isa.h).
// Polynomials of Cephes (S. Moshier), errors within 2 ulp on the stated ranges. NaN in, NaN out.

// x = n·ln 2 + r with |r| ≤ ln 2 / 2; then exp(x) = 2ⁿ·(1 + p), p = expm1(r).
template <class V>
struct ExpParts {
  V power;  // 2ⁿ
  V p;
};

// For −87 ≤ x ≤ 0 (2ⁿ stays a normal number).
template <class V>
IABN_INLINE ExpParts<V> exp_parts(V x) {
  // Adding 1.5·2²³ leaves n in the low bits; the subtraction gives it back as a float.
  constexpr float magic = 12582912.0f;
  constexpr uint32_t magic_bits = 0x4b400000u;
  const V shifted = x * 1.44269504088896341f + magic;
  const V n = shifted - magic;
  V r = x - n * 0.693359375f;
  r -= n * -2.12194440e-4f;
  V q = 1.9875691500e-4f * r + 1.3981999507e-3f;
  q = q * r + 8.3334519073e-3f;
  q = q * r + 4.1665795894e-2f;
  q = q * r + 1.6666665459e-1f;
  q = q * r + 5.0000001201e-1f;
  const auto exponent = bits_of(shifted) - magic_bits + 127u;
  return {float_of(exponent << 23), q * (r * r) + r};
}

// exp(x) for x ≤ 0, with 0 where the result would be below 2⁻¹²⁵.
template <class V>
IABN_INLINE V exp_nonpositive(V x) {
  const ExpParts<V> e = exp_parts(x < -87.0f ? V{} - 87.0f : x);
  const V value = e.power * e.p + e.power;
  return x < -87.0f ? V{} : value;
}

// exp(x) − 1 for x ≤ 0, accurate relative to itself down to x = −0.
template <class V>
IABN_INLINE V expm1_nonpositive(V x) {
  const ExpParts<V> e = exp_parts(x < -30.0f ? V{} - 30.0f : x);
  return e.power * e.p + (e.power - 1.0f);
}

// log(1 + u) for u ≤ 0, accurate relative to itself; u is held at the last float above −1.
//   w = 1 + u = 2ᵉ·m with m in [√½, √2);  log w = e·ln 2 + log(1 + f),  f = m − 1 + what 1 + u rounded away
template <class V>
IABN_INLINE V log1p_nonpositive(V u) {
  const V v = u < -0.99999994f ? V{} - 0.99999994f : u;
  const V w = 1.0f + v;
  const V lost = v - (w - 1.0f);
  // The exponent that brings m into [√½, √2): count from the bits of √½.
  const auto offset = bits_of(w) - 0x3f3504f3u;
  const auto e = as_signed(offset) >> 23;
  const V m = float_of((offset & 0x007fffffu) + 0x3f3504f3u);
  const V scale = float_of(as_unsigned(127 - e) << 23);  // 2⁻ᵉ, e ≥ −24
  const V f = (m - 1.0f) + lost * scale;
  V q = 7.0376836292e-2f * f - 1.1514610310e-1f;
  q = q * f + 1.1676998740e-1f;
  q = q * f - 1.2420140846e-1f;
  q = q * f + 1.4249322787e-1f;
  q = q * f - 1.6668057665e-1f;
  q = q * f + 2.0000714765e-1f;
  q = q * f - 2.4999993993e-1f;
  q = q * f + 3.3333331174e-1f;
  const V square = f * f;
  const V n = to_float(e);
  V tail = f * square * q + n * -2.12194440e-4f;
  tail -= 0.5f * square;
  const V value = (f + tail) + n * 0.693359375f;
  // A NaN took a detour through integers.
  return u != u ? u : value;
}
