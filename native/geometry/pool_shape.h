// Geometry of 2D pooling over channels-last images. The output size comes from the specification, which
// decides how to round.
#pragma once

#include <stdexcept>

#include "program/kernel.h"

namespace iabn {

struct PoolShape {
  int64_t n, c, h, w;  // x
  int64_t oh, ow;      // y
  int64_t kh, kw, sh, sw, ph, pw;
  int64_t x_pitch, y_pitch;  // elements from pixel to pixel

  // Throws std::invalid_argument if x and y (or their gradients) do not fit together.
  static PoolShape from(const Attrs& attrs, const TensorDesc& x, const TensorDesc& y) {
    const auto kernel = attrs.integers("kernel"), stride = attrs.integers("stride");
    const auto padding = attrs.integers("padding");
    if (x.rank() != 4 || y.rank() != 4 || x.dims[0] != y.dims[0] || x.dims[1] != y.dims[1]) {
      throw std::invalid_argument("pooling: expected images N,C,H,W and an output of the same N and C");
    }
    if (x.dtype != y.dtype) throw std::invalid_argument("pooling: expected input and output of one dtype");
    if (kernel.size() != 2 || stride.size() != 2 || padding.size() != 2 || kernel[0] < 1 || kernel[1] < 1 ||
        stride[0] < 1 || stride[1] < 1 || padding[0] < 0 || padding[1] < 0) {
      throw std::invalid_argument(
          "pooling: expected two positive numbers for kernel and stride, two for padding");
    }
    return {x.dims[0], x.dims[1], x.dims[2], x.dims[3],  y.dims[2],  y.dims[3],     kernel[0],
            kernel[1], stride[0], stride[1], padding[0], padding[1], x.row_pitch(), y.row_pitch()};
  }
};

}  // namespace iabn
