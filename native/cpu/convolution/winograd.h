// Dense 3×3 convolutions in all three directions by Winograd's minimal filtering F(4×4, 3×3), with 36
// multiplications instead of 144: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016,
// section 4.2. Images are float32 or bfloat16, products float32.
//
// The factories throw Refused for other windows, CPUs and dtypes, and for channels that do not fill vectors.
// A non-finite value affects all outputs of its tiles.
#pragma once

#include "cpu/convolution/convolution.h"

namespace iabn {

// With the operands of conv2d or conv2d_fused.
std::unique_ptr<Kernel> make_winograd(const KernelSpec& spec);

// With the operands of conv2d_backward_data and conv2d_backward_weights.
std::unique_ptr<Kernel> make_winograd_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_winograd_weights(const KernelSpec& spec);

namespace winograd {

// Throws Refused if Winograd filtering does not apply.
void refuse_others(const ConvShape& shape, DType x, DType y);

}  // namespace winograd
}  // namespace iabn
