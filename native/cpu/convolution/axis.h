// One axis of a convolution as sums over taps, for forward and backward-data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace iabn {

struct AxisTap {
  int64_t tap;
  int64_t offset;
};

inline void sort_by_offset(std::vector<AxisTap>& taps) {
  std::sort(taps.begin(), taps.end(), [](const AxisTap& a, const AxisTap& b) { return a.offset < b.offset; });
}

// One axis: output `phase + i·phases` sums source[i·step + offset] over the taps of its phase.
struct Axis {
  int64_t step;
  std::vector<std::vector<AxisTap>> taps;  // of each phase

  int64_t phases() const { return static_cast<int64_t>(taps.size()); }
  int64_t outputs(int64_t phase, int64_t size) const {
    return phase < size ? (size - phase - 1) / phases() + 1 : 0;
  }
  // Extends [low, high] by the sources of outputs [begin, end).
  void reach(int64_t begin, int64_t end, int64_t& low, int64_t& high) const {
    for (int64_t phase = 0; phase < phases(); ++phase) {
      const int64_t first = outputs(phase, begin), last = outputs(phase, end) - 1;
      if (first > last) continue;
      for (const AxisTap& tap : taps[static_cast<size_t>(phase)]) {
        low = std::min(low, first * step + tap.offset);
        high = std::max(high, last * step + tap.offset);
      }
    }
  }

  static Axis forward(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    Axis axis{stride, {{}}};
    for (int64_t k = 0; k < kernel; ++k) axis.taps[0].push_back({k, k * dilation - padding});
    return axis;
  }

  // dx at i gathers dy at (i + padding − k·dilation) / stride, where that is an integer.
  static Axis backward(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    Axis axis{1, std::vector<std::vector<AxisTap>>(static_cast<size_t>(stride))};
    for (int64_t phase = 0; phase < stride; ++phase) {
      for (int64_t k = 0; k < kernel; ++k) {
        const int64_t at = phase + padding - k * dilation;
        if (at % stride == 0) axis.taps[static_cast<size_t>(phase)].push_back({k, at / stride});
      }
    }
    return axis;
  }
};

}  // namespace iabn
