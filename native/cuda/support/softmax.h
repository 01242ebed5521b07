// Building blocks of a stable softmax, one warp per row of logits. The sum is NaN if any logit is NaN or +∞,
// or if all are −∞.
#pragma once

#include "cuda/support/context.h"
#include "cuda/support/numbers.h"
#include "cuda/support/reduce.h"
#include "geometry/class_labels.h"
#include "geometry/smoothing.h"
#include "program/tensor.h"

namespace iabn::cuda {

struct SoftmaxRow {
  float max;
  float sum;  // Σ exp(x − max)
};

__device__ __forceinline__ int lane_id() { return static_cast<int>(threadIdx.x % kWarp); }

template <class T>
__device__ __forceinline__ SoftmaxRow softmax_row(const T* x, int64_t classes) {
  float max = -INFINITY, sum = 0.0f;
  for (int64_t k = lane_id(); k < classes; k += kWarp) max = Larger{}(max, to_float(x[k]));
  max = warp_reduce(max, Larger{});
  for (int64_t k = lane_id(); k < classes; k += kWarp) sum += expf(to_float(x[k]) - max);
  return {max, warp_reduce(sum, Add{})};
}

constexpr int64_t kWarpsPerBlock = kThreads / kWarp;

template <class Body>
__global__ void __launch_bounds__(kThreads) run_rows(int64_t rows, Body body) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp; row < rows;
       row += step) {
    body(row);
  }
}

// Calls body(row) for every row, with all lanes of a warp.
template <class Body>
void for_each_row(const Context& context, int64_t rows, Body body) {
  const int64_t wanted = (rows + kWarpsPerBlock - 1) / kWarpsPerBlock;
  const int64_t most = static_cast<int64_t>(context.multiprocessors) * 8;
  const unsigned blocks = static_cast<unsigned>(wanted < most ? wanted : most);
  launch(context.stream, run_rows<Body>, dim3(blocks), kThreads, rows, body);
}

}  // namespace iabn::cuda
