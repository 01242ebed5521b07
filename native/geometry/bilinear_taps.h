// Input positions of bilinear resizing along one axis, with half-pixel centers:
//
//   s = max(0, (o + ½)·from/to − ½)    i0 = ⌊s⌋    i1 = min(i0 + 1, from − 1)    λ = s − i0
//   y[o] = (1 − λ)·x[i0] + λ·x[i1]
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// y = first·x[low] + second·x[low + 1]; x[low + 1] is not read if second is 0.
struct BilinearTap {
  int64_t low;
  float first, second;
};

inline std::vector<BilinearTap> bilinear_taps(int64_t from, int64_t to) {
  std::vector<BilinearTap> taps;
  for (int64_t o = 0; o < to; ++o) {
    const double center =
        (static_cast<double>(o) + 0.5) * static_cast<double>(from) / static_cast<double>(to);
    const double source = std::max(0.0, center - 0.5);
    const int64_t low = std::min(static_cast<int64_t>(std::floor(source)), from - 1);
    const double lambda = low == from - 1 ? 0 : source - static_cast<double>(low);
    taps.push_back({low, static_cast<float>(1 - lambda), static_cast<float>(lambda)});
  }
  return taps;
}

// Throws std::invalid_argument unless x and y (or their gradients) are images that differ in size only.
inline void check_resized(const TensorDesc& x, const TensorDesc& y) {
  if (x.rank() != 4 || y.rank() != 4 || x.dims[0] != y.dims[0] || x.dims[1] != y.dims[1] ||
      x.dtype != y.dtype || x.dims[2] < 1 || x.dims[3] < 1) {
    throw std::invalid_argument("resizing: expected images N,C,H,W of one N, C and dtype");
  }
}

}  // namespace iabn
