// elu backwards for rows of bfloat16, by a table of a vector's size; a part of bodies (each_isa.h). For z ≤ 0
//   w = z + alpha = φ′ = m·2ᵉ with 1 ≤ m < 2,   y = log(w/alpha) = e·ln 2 + log(m) − log(alpha)
// with a polynomial of degree 2 for each of 16 parts of m's range; errors are below 3·10⁻⁶.
#ifdef IABN_MANTISSA_OF

// Entry i: coefficients of log(m) for 1 + i/16 ≤ m < 1 + (i + 1)/16. log(1) and log(2) are met.
constexpr float kLogs[3][16] = {
    {-1.47196519f, -1.41084725f, -1.35522906f, -1.30254423f, -1.25249858f, -1.20484011f, -1.15935128f,
     -1.11584302f, -1.07414995f, -1.03412659f, -0.995644288f, -0.958588712f, -0.922857804f, -0.888360085f,
     -0.855013238f, -0.821608527f},
    {1.94445186f, 1.82922488f, 1.73028281f, 1.6414979f, 1.56138206f, 1.48872441f, 1.42252961f, 1.36197191f,
     1.30636052f, 1.25511311f, 1.2077353f, 1.1638047f, 1.12295825f, 1.08488213f, 1.04930372f, 1.0148284f},
    {-0.472486674f, -0.418172565f, -0.374166459f, -0.336759039f, -0.304693905f, -0.277000077f, -0.252917575f,
     -0.231844688f, -0.21330001f, -0.196894683f, -0.182311838f, -0.169291179f, -0.157617272f, -0.147110586f,
     -0.137620537f, -0.128725271f},
};

// As Elu<bf16> (phi_simd.h). Of a NaN invert() gives anything: dy is one.
struct TabledElu {
  float alpha;
  Vec c0 = get(kLogs[0]) - std::log(alpha), c1 = get(kLogs[1]), c2 = get(kLogs[2]);

  // w, or what the last float before −1 gives where z/alpha has been rounded to −1 or beyond.
  IABN_INLINE_MEMBER Vec derivative(Vec z) const { return at_least(z + alpha, 5.96046448e-08f * alpha); }
  IABN_INLINE_MEMBER Vec backward(Vec z, Vec dz) const {
    const Vec scaled = derivative(z) * dz;
    return z > 0.0f ? dz : scaled;
  }
  IABN_INLINE_MEMBER Vec invert(Vec z) const {
    const Vec w = derivative(z), m = IABN_MANTISSA_OF(w);
    const Bits entry = bits_of(w) >> 19;  // of 16: its lowest four bits are what a shuffle takes
    const Vec p0 = IABN_ENTRIES_OF(c0, entry), p1 = IABN_ENTRIES_OF(c1, entry),
              p2 = IABN_ENTRIES_OF(c2, entry);
    const Vec log_m = (p2 * m + p1) * m + p0;
    const Vec y = (Vec)IABN_EXPONENT_OF(w) * 0.693147181f + log_m;
    return z > 0.0f ? z : y;
  }
  IABN_INLINE_MEMBER Vec moment(Vec z, Vec, Vec dy) const { return dy * invert(z); }
};

IABN_INLINE TabledElu faster_backwards(const Elu<bf16>& phi) { return {phi.alpha}; }

#endif

// The form of an activation for loops over rows that have been written.
template <class Phi>
IABN_INLINE Phi faster_backwards(const Phi& phi) {
  return phi;
}
