// Dense 3×3 convolutions in float32 by Winograd's minimal filtering F(2×2, 3×3), which needs 16
// multiplications where the sum has 36: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2016, section 4.1.
#pragma once

#include "cpu/tiled_convolution.h"

namespace iabn {

// A kernel with the operands of conv2d or conv2d_fused. Throws Refused for other windows, CPUs and dtypes,
// and for channels that do not fill vectors. A value that is not finite reaches all four outputs of its
// tiles.
std::unique_ptr<Kernel> make_winograd(const KernelSpec& spec, const ConvShape& shape,
                                      const ConvolutionEnd& end);

}  // namespace iabn
