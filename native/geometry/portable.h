// IABN_PORTABLE marks functions shared by CPU kernels, which inline them, and CUDA kernels.
#pragma once

#if defined(__CUDACC__)
#define IABN_PORTABLE static __host__ __device__ __forceinline__
#define IABN_PORTABLE_MEMBER __host__ __device__ __forceinline__
#else
#define IABN_PORTABLE static inline __attribute__((always_inline))
#define IABN_PORTABLE_MEMBER __attribute__((always_inline))
#endif
