// Transposes the matrices of a batch of images.
#pragma once

#include "cuda/support/kernels.h"
#include "cuda/support/launch.h"

namespace iabn::cuda {

constexpr int kTile = 32;

// y[n, c, r] = x[n, r, c], one 32×32 tile per block through shared memory, so that reads and writes both go
// along rows.
template <class T>
__global__ void __launch_bounds__(kThreads)
    transpose_tiles(const T* x, T* y, int64_t rows, int64_t columns, int64_t across) {
  __shared__ T tile[kTile][kTile + 1];
  const int64_t image = static_cast<int64_t>(blockIdx.y) * rows * columns;
  const int64_t top = blockIdx.x / across * kTile, left = blockIdx.x % across * kTile;
  const unsigned lane = threadIdx.x % kTile, line = threadIdx.x / kTile;
  for (unsigned i = line; i < kTile; i += kThreads / kTile) {
    if (top + i < rows && left + lane < columns) tile[i][lane] = x[image + (top + i) * columns + left + lane];
  }
  __syncthreads();
  for (unsigned i = line; i < kTile; i += kThreads / kTile) {
    if (left + i < columns && top + lane < rows) y[image + (left + i) * rows + top + lane] = tile[lane][i];
  }
}

template <class T>
void transpose_each(const Context& context, const T* x, T* y, int64_t count, int64_t rows, int64_t columns) {
  constexpr int64_t most = 65535;  // blocks along the grid's second axis
  const int64_t across = (columns + kTile - 1) / kTile, down = (rows + kTile - 1) / kTile;
  for (int64_t first = 0; first < count; first += most) {
    const int64_t images = count - first < most ? count - first : most;
    const int64_t begin = first * rows * columns;
    launch(context.stream, transpose_tiles<T>,
           dim3(static_cast<unsigned>(across * down), static_cast<unsigned>(images)), kThreads, x + begin,
           y + begin, rows, columns, across);
  }
}

}  // namespace iabn::cuda
