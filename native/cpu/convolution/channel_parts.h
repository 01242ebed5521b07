// A convolution with large weights, a range of channels at a time. oneDNN copies weights into its blocked
// layout; with parts, the copy is only one part, which is still in the cache when it is read.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// An operand that is divided along its channels: images (channels-last), weights along axis 0 (outputs) or 1
// (inputs), or a vector along axis 0.
struct DividedOperand {
  bool output;
  size_t index;
  size_t axis;
  bool images = false;
};

// Runs the kernels of `make` on parts of the weights (4 MiB where channels can be divided that far) and of
// the other operands, skipping absent ones. Refuses smaller weights, channels that cannot be divided evenly,
// groups, and empty tensors.
KernelFactory channel_parts(DividedOperand weights, std::vector<DividedOperand> others, KernelFactory make);

}  // namespace iabn
