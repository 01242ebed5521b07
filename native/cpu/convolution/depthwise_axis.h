// The geometry of depthwise convolutions: which taps each output of an axis meets.
#pragma once

#include <vector>

#include "cpu/convolution/convolution.h"
#include "cpu/convolution/depthwise_engine.h"

namespace iabn::depthwise {

struct AxisTap {
  int64_t tap;
  int64_t offset;
};

// One axis: output `phase + i·phases` sums source[i·step + offset] over the taps of its phase, by rising
// offset.
struct Axis {
  int64_t step;
  std::vector<std::vector<AxisTap>> taps;  // of each phase

  int64_t phases() const { return static_cast<int64_t>(taps.size()); }

  static Axis forward(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    Axis axis{stride, {{}}};
    for (int64_t k = 0; k < kernel; ++k) axis.taps[0].push_back({k, k * dilation - padding});
    return axis;
  }

  // dx at i gathers dy at (i + padding − k·dilation) / stride, where that is whole.
  static Axis backward(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    Axis axis{1, std::vector<std::vector<AxisTap>>(static_cast<size_t>(stride))};
    for (int64_t phase = 0; phase < stride; ++phase) {
      for (int64_t k = kernel - 1; k >= 0; --k) {
        const int64_t at = phase + padding - k * dilation;
        if (at % stride == 0) axis.taps[static_cast<size_t>(phase)].push_back({k, at / stride});
      }
    }
    return axis;
  }
};

struct Image {
  int64_t height, width;
};

// Outputs phase + phases·i for i from `first` on, which all meet the column taps from `tap` on.
struct Segment {
  int64_t phase, first, count;
  int64_t tap, taps;
};

inline std::vector<Segment> segments_of(const Axis& axis, int64_t source, int64_t target) {
  std::vector<Segment> segments;
  for (int64_t phase = 0; phase < axis.phases(); ++phase) {
    const auto& taps = axis.taps[static_cast<size_t>(phase)];
    const int64_t outputs = phase < target ? (target - phase - 1) / axis.phases() + 1 : 0;
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

// Throws Refused for what is no depthwise convolution or one with other windows than networks have.
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
