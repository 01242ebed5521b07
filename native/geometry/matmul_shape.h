// A product of two matrices or batches of matrices, after transposition: c [M,N] = a [M,K] · b [K,N].
//
// A matrix is stored row-major. A batch N×C×S is channels-last, so each matrix is column-major.
#pragma once

#include <cstdint>

#include "program/attrs.h"
#include "program/tensor.h"

namespace iabn {

// Strides in elements between batches, rows and columns; `batch` is 0 for an operand without a batch.
struct MatrixStrides {
  int64_t batch, row, column;
};

struct MatmulShape {
  int64_t batches, m, k, n;
  bool sum;  // the products of all batches are added up
  MatrixStrides a, b, c;

  bool empty() const { return batches * m * k * n == 0; }
  // The number of separate results, and of products summed in each.
  int64_t results() const { return sum ? 1 : batches; }
  int64_t terms() const { return sum ? batches : 1; }

  static MatrixStrides strides(const TensorDesc& desc, bool transposed) {
    const bool batched = desc.rank() == 3;
    const int64_t rows = desc.dims[desc.rank() - 2], columns = desc.dims[desc.rank() - 1];
    const int64_t row = batched ? 1 : columns, column = batched ? rows : 1;
    const int64_t batch = batched ? rows * columns : 0;
    return transposed ? MatrixStrides{batch, column, row} : MatrixStrides{batch, row, column};
  }

  static MatmulShape from(const Attrs& attrs, const TensorDesc& a, const TensorDesc& b, const TensorDesc& c) {
    const bool ta = attrs.boolean("transpose_a"), tb = attrs.boolean("transpose_b");
    const auto size = [](const TensorDesc& desc, bool columns) {
      return desc.dims[desc.rank() - (columns ? 1 : 2)];
    };
    return {a.rank() == 3 ? a.dims[0] : 1, size(a, ta),    size(a, !ta),   size(b, !tb),
            attrs.boolean("sum"),          strides(a, ta), strides(b, tb), strides(c, false)};
  }
};

}  // namespace iabn
