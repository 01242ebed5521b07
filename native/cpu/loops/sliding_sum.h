// Sums over sliding windows of channels-last images, at a cost independent of the window size: shared by
// average pooling with large windows and its gradient.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// One axis: sources lie on a line, `spread` apart, with zeros between and around them; the window of target t
// covers [t·step, t·step + window) of that line.
struct SlidingAxis {
  int64_t sources, spread, offset;  // source i lies at i·spread + offset
  int64_t targets, step, window;

  int64_t starts() const { return (targets - 1) * step + 1; }  // places where a window may begin
  int64_t length() const { return starts() + window - 1; }     // of the line, as far as windows reach
};

// Divisors are a number per row times a number per column, each at least 1, of the targets (means) or the
// sources (the gradient of means).
struct SlidingDivisor {
  bool of_sources;
  std::vector<int64_t> rows, columns;
};

struct SlidingSum {
  DType dtype;
  int64_t images, channels;
  SlidingAxis rows, columns;
  int64_t source_pitch, target_pitch;  // elements from pixel to pixel
  SlidingDivisor divisor;
};

// Reads operand 0, writes output 0.
std::unique_ptr<Kernel> make_sliding_sum(SlidingSum sum);

}  // namespace iabn
