// Windows of two-dimensional pooling, clipped to the image.
#pragma once

#include <algorithm>

#include "cpu/simd/simd.h"
#include "geometry/pool_shape.h"

namespace iabn {

// Channels are taken in blocks whose accumulators stay in registers or the first-level cache.
constexpr int64_t kPoolBlock = 64;

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
