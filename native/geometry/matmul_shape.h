// A product of two matrices, or of batches of them, after transposition: c [M,N] = a [M,K] · b [K,N].
//
// A matrix is stored by rows; one of a batch, N×C×S and channels-last, by columns.
#pragma once

#include <cstdint>

#include "program/attrs.h"
#include "program/tensor.h"

namespace iabn {

// Elements from one batch, row and column to the next. Where the operand has no batch, `batch` is 0.
struct MatrixStrides {
  int64_t batch, row, column;
};

struct MatmulShape {
  int64_t batches, m, k, n;
  bool sum;  // the products of all batches are added up
  MatrixStrides a, b, c;

  bool empty() const { return batches * m * k * n == 0; }
  // Products whose results lie apart, and those that are added up in each.
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
