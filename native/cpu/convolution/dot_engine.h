// Micro-kernel of products of bfloat16 matrices by the CPU's own instruction, which multiplies pairs and adds
// both to a float32.
#pragma once

#include "cpu/loops/data.h"

namespace iabn::dot {

// out[r][c] = (add ? out[r][c] : 0) + Σ_k a[r·a_row + k / 2·a_pair + k % 2] · b[k / 2][c][k % 2]
struct Product {
  const bf16* a;
  int64_t a_row, a_pair;  // one of them is 2
  const bf16* b;
  float* out;
  int64_t out_row;
  int64_t rows, depth;  // depth is even
  int64_t columns;      // 16 or 32
  bool add;
};

using Multiply = void(const Product&);

// Null where the CPU has no such instruction, or `lanes` floats do not fill its vectors.
Multiply* multiply(int64_t lanes);

}  // namespace iabn::dot
