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

// The kernels of `make` on parts of the weights, of 4 MiB where the channels can be divided so far, and of
// what is divided with them; an operand that is absent is passed over. Refuses weights that are not larger,
// channels that cannot be divided evenly, groups, and what is empty.
KernelFactory channel_parts(DividedOperand weights, std::vector<DividedOperand> others, KernelFactory make);

}  // namespace iabn
