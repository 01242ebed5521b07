// Geometry of two-dimensional pooling over channels-last images. Windows are clipped to the image; the output
// size is the specification's (rounding down or up is decided there).
#pragma once

#include <algorithm>
#include <stdexcept>

#include "cpu/simd.h"
#include "program/kernel.h"

namespace iabn {

// Channels are taken in blocks whose accumulators stay in registers or the first-level cache.
constexpr int64_t kPoolBlock = 64;

struct PoolShape {
  int64_t n, c, h, w;  // x
  int64_t oh, ow;      // y
  int64_t kh, kw, sh, sw, ph, pw;
  int64_t x_pitch, y_pitch;  // elements from pixel to pixel

  // Throws std::invalid_argument when x and y (or their gradients) do not fit together.
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

// A half-open range.
struct Range {
  int64_t begin, end;
};

// Coordinates of the image inside the window of output `out`.
IABN_INLINE Range window(int64_t out, int64_t kernel, int64_t stride, int64_t padding, int64_t size) {
  const int64_t begin = out * stride - padding;
  return {begin > 0 ? begin : 0, begin + kernel < size ? begin + kernel : size};
}

// Outputs whose window holds coordinate `in`.
IABN_INLINE Range windows_over(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t outputs) {
  const int64_t reach = in + padding - kernel;  // the last coordinate too early for a window to begin
  const int64_t first = reach < 0 ? 0 : reach / stride + 1, last = (in + padding) / stride + 1;
  return {first, last < outputs ? last : outputs};
}

}  // namespace iabn
