// The divisor of average pooling, counted as in PyTorch, and the threshold for sliding sums.
#pragma once

#include <string>
#include <vector>

#include "cpu/loops/pooling.h"
#include "cpu/loops/sliding_sum.h"

namespace iabn {

// Average number of windows that contain an element, which is how often direct sums read it.
inline int64_t overlap(const PoolShape& s) {
  return s.h * s.w == 0 ? 0 : s.oh * s.ow * s.kh * s.kw / (s.h * s.w);
}

// counted_taps of every output along one axis.
inline std::vector<int64_t> taps_along(int64_t outputs, int64_t kernel, int64_t stride, int64_t padding,
                                       int64_t size, bool include_padding) {
  std::vector<int64_t> taps;
  for (int64_t out = 0; out < outputs; ++out) {
    taps.push_back(counted_taps(out, kernel, stride, padding, size, include_padding));
  }
  return taps;
}

// Pooling as a sliding sum (divided at the targets) or its gradient (divided at the sources), without axes
// and pitches.
inline SlidingSum sliding_mean(const KernelSpec& spec, const PoolShape& s, bool divide_sources) {
  const bool include_padding = spec.attrs.boolean("count_include_pad");
  SlidingSum sum;
  sum.dtype = spec.inputs[0].dtype;
  sum.images = s.n;
  sum.channels = s.c;
  sum.divisor = {divide_sources, taps_along(s.oh, s.kh, s.sh, s.ph, s.h, include_padding),
                 taps_along(s.ow, s.kw, s.sw, s.pw, s.w, include_padding)};
  return sum;
}

}  // namespace iabn
