// Means over whole images, for average pooling with one window.
#pragma once

#include <memory>

#include "program/kernel.h"

namespace iabn {

// Operand 0 [N,C,H,W] → output 0 [N,C,1,1]: the sum over each image and channel, divided by `divisor`.
std::unique_ptr<Kernel> make_image_mean(const KernelSpec& spec, float divisor);

}  // namespace iabn
