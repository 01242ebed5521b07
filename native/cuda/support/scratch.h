// Zero-filled device memory for timing kernels.
#pragma once

#include <cstddef>

#include "cuda/support/cuda.h"

namespace iabn::cuda {

class Scratch {
 public:
  explicit Scratch(size_t bytes) {
    if (bytes == 0) return;
    check(cudaMalloc(&memory_, bytes), "memory to measure a kernel");
    check(cudaMemset(memory_, 0, bytes), "memory to measure a kernel");
  }
  ~Scratch() { cudaFree(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* data() const { return memory_; }

 private:
  void* memory_ = nullptr;
};

}  // namespace iabn::cuda
