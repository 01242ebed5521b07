// Kernel launches with the same syntax for nvcc and the emulator.
#pragma once

#include "cuda/support/cuda.h"

namespace iabn::cuda {

constexpr unsigned kWarp = 32;
constexpr unsigned kThreads = 256;  // of a block, unless a kernel has a reason

// kernel<<<grid, threads, 0, stream>>>(args…). An empty grid is not launched.
template <class... Parameters, class... Arguments>
void launch(cudaStream_t stream, void (*kernel)(Parameters...), dim3 grid, unsigned threads,
            Arguments... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
#ifdef IABN_CUDA_EMULATED
  emulator::launch(stream, [=] {
    emulator::run_grid(grid, dim3(threads), [=] { kernel(static_cast<Parameters>(args)...); });
  });
#else
  kernel<<<grid, threads, 0, stream>>>(static_cast<Parameters>(args)...);
#endif
  check(cudaGetLastError(), "launch");
}

}  // namespace iabn::cuda
