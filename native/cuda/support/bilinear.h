// Taps of bilinear resizing along one axis on the device, with half-pixel centers (formulas in
// geometry/bilinear_taps.h). The center is an exact fraction: ((2o + 1)·from − to) / (2·to).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace iabn::cuda {

// y = first·x[low] + second·x[low + 1]; x[low + 1] is not read if second is 0.
struct Tap {
  int64_t low;
  float first, second;
};

__device__ __forceinline__ Tap bilinear_tap(int64_t o, int64_t from, int64_t to) {
  const int64_t numerator = (2 * o + 1) * from - to;
  if (numerator <= 0) return {0, 1.0f, 0.0f};
  const int64_t low = numerator / (2 * to);
  if (low >= from - 1) return {from - 1, 1.0f, 0.0f};
  const double share = static_cast<double>(numerator - low * 2 * to) / static_cast<double>(2 * to);
  return {low, static_cast<float>(1.0 - share), static_cast<float>(share)};
}

// The outputs that position `at` may contribute to: those with a center less than 1 away and, at the ends,
// all beyond.
struct TapRange {
  int64_t begin, end;
};

__device__ __forceinline__ TapRange outputs_of(int64_t at, int64_t from, int64_t to) {
  // center(o) > at − 1  ⇔  o > ((at − ½)·to/from − ½);  center(o) < at + 1 likewise. Add one on each side.
  const double scale = static_cast<double>(to) / static_cast<double>(from);
  const double low = (static_cast<double>(at) - 0.5) * scale - 0.5;
  const double high = (static_cast<double>(at) + 1.5) * scale - 0.5;
  const int64_t begin = at == 0 ? 0 : static_cast<int64_t>(floor(low)) - 1;
  const int64_t end = at == from - 1 ? to : static_cast<int64_t>(ceil(high)) + 2;
  return {begin < 0 ? 0 : begin, end > to ? to : end};
}

// The weight of position `at` in output o.
__device__ __forceinline__ float share_of(int64_t at, int64_t o, int64_t from, int64_t to) {
  const Tap tap = bilinear_tap(o, from, to);
  return tap.low == at ? tap.first : tap.low + 1 == at ? tap.second : 0.0f;
}

}  // namespace iabn::cuda
