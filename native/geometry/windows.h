// Windows of 2D pooling, clipped to the image, and the taps that count in a mean.
#pragma once

#include <cstdint>

#include "geometry/pool_shape.h"
#include "geometry/portable.h"

namespace iabn {

// A half-open range.
struct Range {
  int64_t begin, end;
};

// Image coordinates in the window of output `out`.
IABN_PORTABLE Range window(int64_t out, int64_t kernel, int64_t stride, int64_t padding, int64_t size) {
  const int64_t begin = out * stride - padding;
  return {begin > 0 ? begin : 0, begin + kernel < size ? begin + kernel : size};
}

// Outputs whose window contains coordinate `in`.
IABN_PORTABLE Range windows_over(int64_t in, int64_t kernel, int64_t stride, int64_t padding,
                                 int64_t outputs) {
  const int64_t reach = in + padding - kernel;  // the last coordinate too early for a window to begin
  const int64_t first = reach < 0 ? 0 : reach / stride + 1, last = (in + padding) / stride + 1;
  return {first, last < outputs ? last : outputs};
}

// Counted taps along one axis: those inside the image or, if padding counts, inside the padded image.
IABN_PORTABLE int64_t counted_taps(int64_t out, int64_t kernel, int64_t stride, int64_t padding, int64_t size,
                                   bool include_padding) {
  const int64_t begin = out * stride - padding;
  const int64_t low = include_padding || begin > 0 ? begin : 0;
  const int64_t limit = include_padding ? size + padding : size;
  const int64_t high = begin + kernel < limit ? begin + kernel : limit;
  return high > low ? high - low : 0;
}

IABN_PORTABLE float window_taps(const PoolShape& s, int64_t oy, int64_t ox, bool include_padding) {
  const int64_t taps = counted_taps(oy, s.kh, s.sh, s.ph, s.h, include_padding) *
                       counted_taps(ox, s.kw, s.sw, s.pw, s.w, include_padding);
  return static_cast<float>(taps > 0 ? taps : 1);
}

}  // namespace iabn
