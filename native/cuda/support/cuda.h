// CUDA calls that throw on errors.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace iabn::cuda {

struct CudaError : std::runtime_error {
  CudaError(cudaError_t code_, const std::string& what)
      : std::runtime_error(what + ": " + cudaGetErrorString(code_)), code(code_) {}
  cudaError_t code;
};

inline void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess) throw CudaError(code, what);
}

}  // namespace iabn::cuda
