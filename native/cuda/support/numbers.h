// Data dtypes of the CUDA kernels, which compute in float32, and their 16-byte packs.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace iabn::cuda {

struct bf16 {
  uint16_t bits;
};

struct f16 {
  uint16_t bits;
};

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(bf16 value) {
  return __uint_as_float(static_cast<uint32_t>(value.bits) << 16);
}

#ifdef IABN_CUDA_EMULATED

inline float to_float(f16 value) {
  _Float16 half;
  std::memcpy(&half, &value.bits, sizeof(half));
  return static_cast<float>(half);
}

inline bf16 to_bf16(float value) {
  const uint32_t bits = __float_as_uint(value);
  if (value != value) return {0x7fff};
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

inline f16 to_f16(float value) {
  const _Float16 half = static_cast<_Float16>(value);
  f16 result;
  std::memcpy(&result.bits, &half, sizeof(half));
  return result;
}

#else

__device__ __forceinline__ float to_float(f16 value) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
}

// Nearest, ties to even; NaN stays NaN.
__device__ __forceinline__ bf16 to_bf16(float value) {
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
}

__device__ __forceinline__ f16 to_f16(float value) {
  f16 result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
}

#endif

__device__ __forceinline__ void store(float* p, float value) { *p = value; }
__device__ __forceinline__ void store(bf16* p, float value) { *p = to_bf16(value); }
__device__ __forceinline__ void store(f16* p, float value) { *p = to_f16(value); }

// Elements that one thread moves at once.
template <class T>
constexpr int kPack = 16 / static_cast<int>(sizeof(T));

// N elements, aligned to their size: one load or store.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T at[N];
};

template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_pack(const T* p) {
  return *reinterpret_cast<const Pack<T, N>*>(p);
}

template <int N, class T>
__device__ __forceinline__ void store_pack(T* p, const float (&values)[N]) {
  Pack<T, N> pack;
#pragma unroll
  for (int j = 0; j < N; ++j) store(&pack.at[j], values[j]);
  *reinterpret_cast<Pack<T, N>*>(p) = pack;
}

}  // namespace iabn::cuda
