// Micro-kernel of our matrix products: a strip of rows by one or two vectors of columns, with sums kept in
// registers.
#pragma once

#include <cstdint>

namespace iabn::product {

// out[r][c] = (add ? out[r][c] : 0) + Σ_k a[r·a_row + k·a_depth] · b[k·b_depth + c]
struct Product {
  const float* a;
  int64_t a_row, a_depth;  // one of them is 1
  const float* b;
  int64_t b_depth;
  float* out;
  int64_t out_row;
  int64_t rows, depth;
  int64_t columns;  // one vector, or two
  bool add;
};

// Functions compiled for one instruction set.
struct Engine {
  int64_t lanes;
  void (*product)(const Product&);

  // Maximum number of columns of a product.
  int64_t columns() const { return 2 * lanes; }
};

const Engine& engine(int64_t lanes);

}  // namespace iabn::product
