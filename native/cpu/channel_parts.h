// A convolution with large weights, some of its channels at a time. oneDNN's kernels want weights in blocks
// of their own, a copy as large as the weights; in parts the copy is of one part, and still in the cache when
// it is read.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// An operand of which each part reads or writes some channels: of images (channels-last), of weights along
// the axis 0 (outputs) or 1 (inputs), of a vector along the axis 0.
struct DividedOperand {
  bool output;
  size_t index;
  size_t axis;
  bool images = false;
};

// Parts of the operand `weights`, which is divided, in at most `most_bytes` each; an absent operand is passed
// over. Refuses where all of them are as small, where the channels cannot be divided evenly, and groups.
KernelFactory channel_parts(std::vector<DividedOperand> divided, DividedOperand weights, KernelFactory make);

}  // namespace iabn
