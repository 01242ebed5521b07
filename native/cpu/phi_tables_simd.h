// elu backwards for rows of bfloat16, by tables of a vector's size; a part of bodies (each_isa.h). For z ≤ 0
//   1 + u = 1 + z/alpha = m·2ᵉ with ¾ ≤ m < 1½,   y = log(1 + u) = e·ln 2 + log(m),   φ′ = alpha·(1 + u)
// with a polynomial of degree 2 for each of 16 parts of m's range; errors are below 3·10⁻⁶.

constexpr int kTable = 16;

struct LogTable {
  Vec c0, c1, c2;

  IABN_INLINE_MEMBER Vec at(Bits index, Vec m) const {
    return (__builtin_shuffle(c2, index) * m + __builtin_shuffle(c1, index)) * m +
           __builtin_shuffle(c0, index);
  }
};

// Eight entries for ¾ ≤ m < 1 and eight for 1 ≤ m < 1½. log(1) = 0 is met.
IABN_INLINE LogTable log_table() {
  constexpr float c0[kTable] = {-1.76729713f, -1.72727377f, -1.68879147f, -1.65173589f,
                                -1.61600498f, -1.58150727f, -1.54816042f, -1.5147627f,
                                -1.47196519f, -1.41084725f, -1.35522906f, -1.30254423f,
                                -1.25249858f, -1.20484011f, -1.15935128f, -1.11584302f};
  constexpr float c1[kTable] = {2.61272105f, 2.51022621f, 2.4154706f,  2.32760941f, 2.2459165f,  2.16976426f,
                                2.09860743f, 2.02967104f, 1.94445186f, 1.82922488f, 1.73028281f, 1.6414979f,
                                1.56138206f, 1.48872441f, 1.42252961f, 1.36197191f};
  constexpr float c2[kTable] = {-0.85320004f,  -0.78757873f,  -0.729247353f, -0.677164714f,
                                -0.63046909f,  -0.588442345f, -0.550482149f, -0.514908343f,
                                -0.472486674f, -0.418172565f, -0.374166459f, -0.336759039f,
                                -0.304693905f, -0.277000077f, -0.252917575f, -0.231844688f};
  return {get(c0), get(c1), get(c2)};
}

// As Elu<bf16> (phi_simd.h), of vectors that hold a table. Of a NaN invert() gives anything: dy is one.
struct TabledElu {
  float alpha, inverse_alpha;
  LogTable logs = log_table();

  // 1 + u, or what the last float before −1 gives where u has been rounded to −1 or beyond.
  IABN_INLINE_MEMBER Vec exponential(Vec z) const {
    return at_least(z * inverse_alpha + 1.0f, 5.96046448e-08f);
  }
  IABN_INLINE_MEMBER Vec backward(Vec z, Vec dz) const {
    const Vec scaled = exponential(z) * alpha * dz;
    return z > 0.0f ? dz : scaled;
  }
  IABN_INLINE_MEMBER Vec invert(Vec z) const {
    const Bits bits = bits_of(exponential(z));
    const Bits beyond = bits - 0x3f400000u;  // counted from those of ¾
    const Bits exponent = beyond & 0xff800000u;
    const Vec log_m = logs.at(beyond >> 19, float_of(bits - exponent));
    const Vec y = to_float(as_signed(exponent)) * 8.26295829e-08f + log_m;
    return z > 0.0f ? z : y;
  }
  IABN_INLINE_MEMBER Vec moment(Vec z, Vec, Vec dy) const { return dy * invert(z); }
};

// What stands for an activation in loops over rows of T that have been written.
template <class Phi>
IABN_INLINE auto faster_backwards(const Phi& phi) {
  if constexpr (kLanes == kTable && std::is_same_v<Phi, Elu<bf16>>) {
    return TabledElu{phi.alpha, phi.inverse_alpha};
  } else {
    return phi;
  }
}
