// Windows of pooling, clipped to the image, and kernels that have a thread for each pack of channels of a
// pixel.
#pragma once

#include "cuda/support/map.h"
#include "cuda/support/rows.h"
#include "geometry/pool_shape.h"

namespace iabn::cuda {

// A half-open range.
struct Range {
  int64_t begin, end;
};

// Coordinates of the image inside the window of output `out`.
__device__ __forceinline__ Range window(int64_t out, int64_t kernel, int64_t stride, int64_t padding,
                                        int64_t size) {
  const int64_t begin = out * stride - padding;
  return {begin > 0 ? begin : 0, begin + kernel < size ? begin + kernel : size};
}

// Outputs whose window holds coordinate `in`.
__device__ __forceinline__ Range windows_over(int64_t in, int64_t kernel, int64_t stride, int64_t padding,
                                              int64_t outputs) {
  const int64_t reach = in + padding - kernel;  // the last coordinate too early for a window to begin
  const int64_t first = reach < 0 ? 0 : reach / stride + 1, last = (in + padding) / stride + 1;
  return {first, last < outputs ? last : outputs};
}

// Taps along one axis that an average counts: inside the image, or with padding inside the padded image.
__device__ __forceinline__ int64_t counted_taps(int64_t out, int64_t kernel, int64_t stride, int64_t padding,
                                                int64_t size, bool include_padding) {
  const int64_t begin = out * stride - padding;
  const int64_t low = include_padding || begin > 0 ? begin : 0;
  const int64_t limit = include_padding ? size + padding : size;
  const int64_t high = begin + kernel < limit ? begin + kernel : limit;
  return high > low ? high - low : 0;
}

__device__ __forceinline__ float window_taps(const PoolShape& s, int64_t oy, int64_t ox,
                                             bool include_padding) {
  const int64_t taps = counted_taps(oy, s.kh, s.sh, s.ph, s.h, include_padding) *
                       counted_taps(ox, s.kw, s.sw, s.pw, s.w, include_padding);
  return static_cast<float>(taps > 0 ? taps : 1);
}

// A pixel of images [·, height, width] and the first of some channels.
struct Pixel {
  int64_t image, y, x;
  int64_t index;  // of all pixels
  int64_t c;

  __device__ Pixel(int64_t item, int64_t packs, int pack, int64_t height, int64_t width) {
    index = item / packs;
    c = item % packs * pack;
    x = index % width;
    y = index / width % height;
    image = index / width / height;
  }
};

}  // namespace iabn::cuda
