// Depthwise convolutions, a group for each channel, by loops that read the images where they lie.
#pragma once

#include <memory>

#include "cpu/convolution/convolution.h"

namespace iabn::depthwise {

// Throw Refused unless it is a depthwise convolution with windows that networks have.
std::unique_ptr<Kernel> make_forward(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec);

}  // namespace iabn::depthwise
