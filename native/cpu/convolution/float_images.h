// Convolutions of bfloat16 images in float32, a few images at a time: each turn widens its images into a
// small workspace that stays in the caches, runs a float32 kernel, and narrows the results. This is the
// fastest way, with the memory traffic of bfloat16, on CPUs whose bfloat16 products are slower than their
// float32 ones (half as fast on AVX-512 without AMX) or missing.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// The operands that are images N,C,H,W, with the same dtype and number of images; some may be absent. Or
// matrices of one dtype, which are converted as a whole.
struct ImageOperands {
  std::vector<size_t> inputs, outputs;
  bool whole = false;
};

// Other operands are passed whole, and other outputs are summed over the turns. Refuses images that are not
// bfloat16.
KernelFactory float_images(ImageOperands images, std::vector<KernelFactory> implementations);

// The same convolution of fewer images: enough to tell which implementation is fastest.
KernelSpec some_images(const KernelSpec& spec, const ImageOperands& images);

}  // namespace iabn
