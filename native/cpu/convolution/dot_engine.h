// Micro-kernel of products of bfloat16 matrices by the CPU's own instruction, which multiplies pairs and adds
// both to a float32.
#pragma once

#include "cpu/loops/data.h"

namespace iabn::dot {

// out[r][c] = Σ_k a[r·a_row + k] · b[k / 2][c][k % 2]
struct Product {
  const bf16* a;
  int64_t a_row;
  const bf16* b;
  float* out;
  int64_t out_row;
  int64_t rows, depth;  // depth and a_row are even
  int64_t columns;      // 16 or 32
};

using Multiply = void(const Product&);

// Null where the CPU has no such instruction, or `lanes` floats do not fill its vectors.
Multiply* multiply(int64_t lanes);

}  // namespace iabn::dot
