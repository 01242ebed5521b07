// Vectors of kLanes floats and how they are read and written; included by each_isa.h, once per instruction
// set.

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t Index __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2)));
typedef double Wide __attribute__((vector_size(kLanes * 8)));
typedef Vec LooseVec __attribute__((aligned(4), may_alias));
typedef Halves LooseHalves __attribute__((aligned(2), may_alias));
typedef Wide LooseWide __attribute__((aligned(8), may_alias));

// As those of data.h.
IABN_INLINE Bits bits_of(Vec v) { return reinterpret_cast<Bits>(v); }
IABN_INLINE Vec float_of(Bits v) { return reinterpret_cast<Vec>(v); }
IABN_INLINE Vec larger_of(Vec a, Vec b) {
#ifdef IABN_MAX_OF_VECTORS  // GCC makes two instructions of the other form
  return IABN_MAX_OF_VECTORS(a, b);
#else
  return a > b ? a : b;
#endif
}
IABN_INLINE Vec at_least(Vec v, float low) { return larger_of(Vec{} + low, v); }
IABN_INLINE Index as_signed(Bits v) { return reinterpret_cast<Index>(v); }
IABN_INLINE Vec to_float(Index v) { return __builtin_convertvector(v, Vec); }

// The numbers 0 … kLanes − 1.
using LaneNumbers = std::make_integer_sequence<int, kLanes>;

IABN_INLINE Vec get(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
IABN_INLINE Vec get(const bf16* p) {
  const Halves halves = *reinterpret_cast<const LooseHalves*>(p);
#ifdef IABN_WIDEN_HALVES  // GCC widens one half of a vector at a time
  return float_of((Bits)IABN_WIDEN_HALVES(halves) << 16);
#else
  return float_of(__builtin_convertvector(halves, Bits) << 16);
#endif
}

IABN_INLINE void put(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
IABN_INLINE void add_to(double* sums, Vec v) {
  *reinterpret_cast<LooseWide*>(sums) += __builtin_convertvector(v, Wide);
}

// The upper halves are bfloat16 as to_bf16 of data.h gives it; the lower ones are not cleared.
IABN_INLINE Bits rounded(Vec v) {
  const Bits bits = bits_of(v);
  const Bits nearest = bits + (((bits >> 16) & 1u) + 0x7fffu);
  return v == v ? nearest : bits | 0x400000u;
}

IABN_INLINE void put(bf16* p, Vec v) {
#ifdef IABN_NATIVE_BF16
  *reinterpret_cast<LooseHalves*>(p) = (Halves)_mm512_cvtneps_pbh((__m512)v);
#else
  *reinterpret_cast<LooseHalves*>(p) = __builtin_convertvector(rounded(v) >> 16, Halves);
#endif
}
