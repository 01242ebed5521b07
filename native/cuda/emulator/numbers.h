// Elements of the emulated libraries' tensors, by the type numbers of cuDNN and cuBLASLt.
#pragma once

#include <cuda_runtime.h>

#include <vector>

#include "cuda/libraries/cublaslt_api.h"
#include "cuda/libraries/cudnn_api.h"
#include "cuda/support/numbers.h"

namespace iabn::cuda::emulated {

inline bool is_bf16(int type) { return type == cudnn::kBFloat16 || type == cublaslt::kBFloat16; }
static_assert(static_cast<int>(cudnn::kFloat) == static_cast<int>(cublaslt::kFloat) &&
              static_cast<int>(cudnn::kHalf) == static_cast<int>(cublaslt::kHalf));

inline float load(int type, const void* data, size_t i) {
  if (is_bf16(type)) return to_float(static_cast<const bf16*>(data)[i]);
  if (type == cudnn::kHalf) return to_float(static_cast<const f16*>(data)[i]);
  return static_cast<const float*>(data)[i];
}

inline void store(int type, void* data, size_t i, float value) {
  if (is_bf16(type)) return cuda::store(static_cast<bf16*>(data) + i, value);
  if (type == cudnn::kHalf) return cuda::store(static_cast<f16*>(data) + i, value);
  static_cast<float*>(data)[i] = value;
}

}  // namespace iabn::cuda::emulated
