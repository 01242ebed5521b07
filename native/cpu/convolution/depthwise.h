// Depthwise convolutions (one group per channel) that read the images in place.
#pragma once

#include <memory>

#include "cpu/convolution/convolution.h"

namespace iabn::depthwise {

// Throw Refused unless it is a depthwise convolution with a common window.
std::unique_ptr<Kernel> make_forward(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec);

}  // namespace iabn::depthwise
