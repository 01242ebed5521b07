// Exponential and logarithm as straight-line float32 code, of V: a float, in loops that the compiler makes
// vectors of (exp_log.h), or a vector (a part of bodies, each_isa.h). NaN in, NaN out.
//
// Polynomials are minimax over the reduced ranges, in the error relative to the whole function, and summed in
// pairs (Estrin): what comes next waits for half as many steps as with Horner's rule.

// For results in float32: errors of 2⁻²⁶ and 2⁻²⁵.
struct FloatSeries {
  // (expm1(r) − r) / r² for |r| ≤ ln 2 / 2.
  template <class V>
  static IABN_INLINE_MEMBER V expm1(V r) {
    const V square = r * r;
    const V low = 1.666654367e-01f * r + 4.999999816e-01f;
    const V high = 8.366513988e-03f * r + 4.166719965e-02f;
    return (1.388252286e-03f * square + high) * square + low;
  }
  // (log(1 + f) − f) / f² for √½ ≤ 1 + f ≤ √2.
  template <class V>
  static IABN_INLINE_MEMBER V log1p(V f) {
    const V square = f * f;
    const V a = 3.333395022e-01f * f - 4.999999161e-01f;
    const V b = 1.996207206e-01f * f - 2.500175527e-01f;
    const V c = 1.491797398e-01f * f - 1.657050773e-01f;
    const V d = 8.734846493e-02f * f - 1.430752532e-01f;
    return (d * square + c) * (square * square) + (b * square + a);
  }
};

// The same for data in bfloat16: errors of 2⁻¹⁵, of what is rounded to it, and of 2⁻¹⁹, of what sums in
// float32 come of.
struct HalfSeries {
  template <class V>
  static IABN_INLINE_MEMBER V expm1(V r) {
    const V q = 4.161001371e-02f * r + 1.674962839e-01f;
    return q * r + 5.000165275e-01f;
  }
  template <class V>
  static IABN_INLINE_MEMBER V log1p(V f) {
    const V square = f * f;
    const V a = 3.331922127e-01f * f - 5.000084859e-01f;
    const V b = 2.044911961e-01f * f - 2.491906187e-01f;
    const V c = 1.194944827e-01f * f - 1.858761200e-01f;
    return (c * square + b) * square + a;
  }
};

template <class T>
using SeriesOf = std::conditional_t<std::is_same_v<T, bf16>, HalfSeries, FloatSeries>;

// x = n·ln 2 + r with |r| ≤ ln 2 / 2; n as a float, and 2ⁿ for −126 ≤ n ≤ 127.
template <class V>
struct Octaves {
  V n;
  V power;
};

template <class V>
IABN_INLINE Octaves<V> octaves(V x) {
  // Adding 1.5·2²³ + 127 leaves n + 127, the exponent of 2ⁿ, in the low bits; the subtraction gives n as a
  // float.
  constexpr float magic = 12582912.0f + 127.0f;
  const V shifted = x * 1.44269504088896341f + magic;
  return {shifted - magic, float_of(bits_of(shifted) << 23)};
}

// exp(x) for x ≤ 0 within 2 ulp, with 0 where the result would be below 2⁻¹²⁵.
template <class V>
IABN_INLINE V exp_nonpositive(V x) {
  const V held = at_least(x, -87.0f);
  const Octaves<V> octave = octaves(held);
  // n·0.693359375 is exact.
  const V r = (held - octave.n * 0.693359375f) - octave.n * -2.12194440e-4f;
  const V p = FloatSeries::expm1(r) * (r * r) + r;
  const V value = octave.power * p + octave.power;
  return x < -87.0f ? V{} : value;
}

// exp(x) − 1 for x ≤ 0, accurate relative to itself down to x = −0; anything, or none, for others.
//   exp(x) − 1 = 2ⁿ·expm1(r) + (2ⁿ − 1):  the error of r in x is small compared with the −1 where n is not 0
template <class Series, class V>
IABN_INLINE V expm1_nonpositive(V x) {
  const V held = at_least(x, -30.0f);
  const Octaves<V> octave = octaves(held);
  const V r = held - octave.n * 0.69314718056f;
  const V p = Series::expm1(r) * (r * r) + r;
  return octave.power * p + (octave.power - 1.0f);
}

// log(1 + u) for u ≤ 0, accurate relative to itself, of the last float above −1 for less; anything for u > 0.
//   1 + u = 2ᵉ·(1 + f) with 1 + f in [√½, √2):  f = u·2⁻ᵉ + (2⁻ᵉ − 1), which is u itself for e = 0
//   log(1 + u) = e·ln 2 + log(1 + f)
template <class Series, class V>
IABN_INLINE V log1p_nonpositive(V u) {
  const V held = at_least(u, -0.99999994f);
  // e·2²³: count from the bits of √½.
  const auto exponent = (bits_of(1.0f + held) - 0x3f3504f3u) & 0xff800000u;
  const V scale = float_of(0x3f800000u - exponent);  // 2⁻ᵉ, e ≥ −24
  const V f = held * scale + (scale - 1.0f);
  const V small = Series::log1p(f) * (f * f) + f;
  return to_float(as_signed(exponent)) * 8.26295829e-08f + small;
}

// exp(x) within 2 ulp: 0 where it is below 2⁻¹²⁵, ∞ where it is beyond float32.
template <class V>
IABN_INLINE V exp_any(V x) {
  constexpr float lowest = -86.64339757f;
  const V above = at_least(x, lowest);
  const V held = above > 89.0f ? V{} + 89.0f : above;
  constexpr float magic = 12582912.0f + 127.0f;
  const V shifted = held * 1.44269504088896341f + magic;
  const V n = shifted - magic;
  // 2ⁿ⁻¹, which there is for n = 128, too.
  const V half = float_of((bits_of(shifted) - 1u) << 23);
  const V r = (held - n * 0.693359375f) - n * -2.12194440e-4f;
  const V p = FloatSeries::expm1(r) * (r * r) + r;
  const V value = (half * p + half) * 2.0f;
  return x < lowest ? V{} : value;
}

// log(x) within 2 ulp: −∞ of 0, NaN of less.
template <class V>
IABN_INLINE V log_any(V x) {
  // Subnormal numbers are scaled by 2²³.
  const V scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;
  const V scale = x < 1.17549435e-38f ? V{} - 23.0f : V{};
  // 2ᵉ·(1 + f) with 1 + f in [√½, √2); e·2²³ counts from the bits of √½.
  const auto exponent = (bits_of(scaled) - 0x3f3504f3u) & 0xff800000u;
  const V f = float_of(bits_of(scaled) - exponent) - 1.0f;
  const V e = to_float(as_signed(exponent)) * 1.1920929e-07f + scale;
  const V small = (FloatSeries::log1p(f) * (f * f) + f) + e * -2.12194440e-4f;
  const V finite = small + e * 0.693359375f;
  const V positive = x < 3.40282347e+38f ? finite : (x + x);
  const V zero = x > 0.0f ? positive : -1.0f / (x * x);
  return x < 0.0f ? x * 0.0f / (x * 0.0f) : zero;
}

// 1/(1 + exp(−x)) within 3 ulp, 0 where it is below 2⁻¹²⁵.
template <class V>
IABN_INLINE V sigmoid_of(V x) {
  const V e = exp_nonpositive(-float_of(bits_of(x) & 0x7fffffffu));
  const V above = 1.0f / (1.0f + e);
  return x < 0.0f ? e * above : above;
}

// tanh(x) within 4 ulp.
template <class V>
IABN_INLINE V tanh_of(V x) {
  const V t = expm1_nonpositive<FloatSeries>(-2.0f * float_of(bits_of(x) & 0x7fffffffu));
  const V value = -t / (2.0f + t);
  return float_of((bits_of(value) & 0x7fffffffu) | (bits_of(x) & 0x80000000u));
}
