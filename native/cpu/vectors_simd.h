// Vectors of kLanes floats and how they are read and written; included by each_isa.h, once per instruction
// set.

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t Index __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2)));
typedef Vec LooseVec __attribute__((aligned(4), may_alias));
typedef Halves LooseHalves __attribute__((aligned(2), may_alias));

IABN_INLINE Vec get(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
IABN_INLINE Vec get(const bf16* p) {
  const Halves halves = *reinterpret_cast<const LooseHalves*>(p);
  return reinterpret_cast<Vec>(__builtin_convertvector(halves, Bits) << 16);
}

IABN_INLINE void put(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
// As to_bf16 of data.h.
IABN_INLINE void put(bf16* p, Vec v) {
  const Bits bits = reinterpret_cast<Bits>(v), nan = reinterpret_cast<Bits>(v != v);
  const Bits rounded = bits + (~nan & (((bits >> 16) & 1u) + 0x7fffu));
  *reinterpret_cast<LooseHalves*>(p) = __builtin_convertvector((rounded | (nan & 0x400000u)) >> 16, Halves);
}
