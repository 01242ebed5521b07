// Convolutions of bfloat16 images in float32, some images at a time: each turn widens its images to a small
// workspace that stays in the caches, runs a float32 kernel, and narrows what it gives. Where a CPU's
// bfloat16 products are slower than its float32 ones (AVX-512 without AMX: half as fast) or absent, this is
// the fastest way, with the memory traffic of bfloat16.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// Which operands are images N,C,H,W, all of one dtype and of as many images; some may be absent.
struct ImageOperands {
  std::vector<size_t> inputs, outputs;
};

// Operands that are no images are taken whole, and outputs that are none summed over the turns. Refuses
// images that are not bfloat16.
KernelFactory float_images(ImageOperands images, std::vector<KernelFactory> implementations);

// The same convolution of some images: enough to tell which implementation is fastest.
KernelSpec some_images(const KernelSpec& spec, const ImageOperands& images);

}  // namespace iabn
