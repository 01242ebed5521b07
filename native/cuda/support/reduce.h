// Warp and block reductions in a fixed order.
#pragma once

#include "cuda/support/launch.h"

namespace iabn::cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

// The larger value; NaN only if both are NaN.
struct Larger {
  __device__ float operator()(float a, float b) const { return a > b || b != b ? a : b; }
};

// The result is on every lane.
template <class T, class Op>
__device__ __forceinline__ T warp_reduce(T value, Op op) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) value = op(value, __shfl_xor_sync(kAllLanes, value, mask));
  return value;
}

// The result is on every thread of a block of kThreads. `shared`: kThreads/kWarp values, reusable on return.
template <class T, class Op>
__device__ __forceinline__ T block_reduce(T value, T* shared, Op op) {
  value = warp_reduce(value, op);
  const unsigned warp = threadIdx.x / kWarp;
  if (threadIdx.x % kWarp == 0) shared[warp] = value;
  __syncthreads();
  T total = shared[0];
  for (unsigned i = 1; i < kThreads / kWarp; ++i) total = op(total, shared[i]);
  __syncthreads();
  return total;
}

}  // namespace iabn::cuda
