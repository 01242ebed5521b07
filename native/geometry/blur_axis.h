// Blurring by [1, 2, 1]/4 at every second position of an axis with reflected borders (−1 reflects to 1, size
// to size − 2):
//
//   y[o] = (x[r(2o − 1)] + 2·x[2o] + x[r(2o + 1)]) / 4
#pragma once

#include <cstdint>
#include <stdexcept>

#include "geometry/portable.h"
#include "program/kernel.h"

namespace iabn {

struct BlurAxis {
  int64_t size, outputs;

  // The positions to the left and right of 2·out.
  IABN_PORTABLE_MEMBER int64_t before(int64_t out) const { return out == 0 ? 1 : 2 * out - 1; }
  IABN_PORTABLE_MEMBER int64_t after(int64_t out) const {
    return 2 * out + 1 < size ? 2 * out + 1 : size - 2;
  }

  // The outputs [first, end) that position `in` contributes to, and four times its weight.
  IABN_PORTABLE_MEMBER int64_t first(int64_t in) const { return in / 2; }
  IABN_PORTABLE_MEMBER int64_t end(int64_t in) const {
    const int64_t last = (in + 1) / 2;
    return last < outputs ? last + 1 : outputs;
  }
  IABN_PORTABLE_MEMBER float share(int64_t in, int64_t out) const {
    return static_cast<float>((before(out) == in) + 2 * (2 * out == in) + (after(out) == in));
  }
};

struct BlurredImages {
  int64_t images, channels;
  BlurAxis rows, columns;
  int64_t x_pitch, y_pitch;  // elements from pixel to pixel

  // Throws std::invalid_argument unless y is the half-size image of x.
  static BlurredImages from(const TensorDesc& x, const TensorDesc& y) {
    const bool images = x.rank() == 4 && y.rank() == 4 && x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1] &&
                        x.dtype == y.dtype;
    if (!images || x.dims[2] < 2 || x.dims[3] < 2 || y.dims[2] != (x.dims[2] + 1) / 2 ||
        y.dims[3] != (x.dims[3] + 1) / 2) {
      throw std::invalid_argument("blur: expected images N,C,H,W of one dtype and half their size");
    }
    return {x.dims[0],     x.dims[1],    {x.dims[2], y.dims[2]}, {x.dims[3], y.dims[3]},
            x.row_pitch(), y.row_pitch()};
  }
};

}  // namespace iabn
