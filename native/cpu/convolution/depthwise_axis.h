// Geometry of depthwise convolutions: the taps of each output along an axis.
#pragma once

#include <vector>

#include "cpu/convolution/axis.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/depthwise_engine.h"

namespace iabn::depthwise {

// Sorts taps by offset, so that the taps inside the image are contiguous.
inline Axis by_rising_offset(Axis axis) {
  for (auto& taps : axis.taps) sort_by_offset(taps);
  return axis;
}

struct Image {
  int64_t height, width;
};

// Outputs phase + phases·i for i from `first` on, which share the column taps from `tap` on.
struct Segment {
  int64_t phase, first, count;
  int64_t tap, taps;
};

inline std::vector<Segment> segments_of(const Axis& axis, int64_t source, int64_t target) {
  std::vector<Segment> segments;
  for (int64_t phase = 0; phase < axis.phases(); ++phase) {
    const auto& taps = axis.taps[static_cast<size_t>(phase)];
    const int64_t outputs = axis.outputs(phase, target);
    for (int64_t i = 0; i < outputs; ++i) {
      int64_t begin = 0, end = static_cast<int64_t>(taps.size());
      while (begin < end && i * axis.step + taps[static_cast<size_t>(begin)].offset < 0) ++begin;
      while (begin < end && i * axis.step + taps[static_cast<size_t>(end - 1)].offset >= source) --end;
      Segment* last = segments.empty() ? nullptr : &segments.back();
      const bool same = last && last->phase == phase && last->tap == begin && last->taps == end - begin;
      if (same)
        ++last->count;
      else
        segments.push_back({phase, i, 1, begin, end - begin});
    }
  }
  return segments;
}

// Throws Refused unless it is a depthwise convolution with a common window.
inline void check(const ConvShape& shape) {
  if (shape.groups == 1 || shape.groups != shape.c || shape.groups != shape.o) {
    throw Refused("not a depthwise convolution");
  }
  if (shape.empty()) throw Refused("there is nothing to convolve");
  if (shape.c < engine().block) throw Refused("fewer channels than two vectors hold");
  if (shape.kh > kMostRows || shape.kw > kMostColumns) throw Refused("a window larger than 7×7");
  if (shape.dw != 1 || shape.sw > 2) throw Refused("a dilation or a stride above 2 along the rows");
}

}  // namespace iabn::depthwise
