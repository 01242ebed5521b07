// float32 convolutions with our own tiles, for CPUs with AVX2 but not AVX-512. For windows larger than 1×1,
// oneDNN's channels-last kernels reach 0.35 to 0.7 of peak there, these 0.75 to 0.9.
#pragma once

#include <memory>

#include "cpu/convolution/convolution.h"

namespace iabn {

// A kernel with the operands of conv2d or conv2d_fused. Throws Refused if oneDNN is as fast (1×1 windows) or
// faster (few channels, other CPUs), for other dtypes, and for groups with few outputs.
std::unique_ptr<Kernel> make_tiled(const KernelSpec& spec);

}  // namespace iabn
