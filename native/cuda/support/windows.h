// Windows of pooling, clipped to the image, and kernels with one thread per pack of channels of a pixel.
#pragma once

#include "cuda/support/map.h"
#include "cuda/support/rows.h"
#include "geometry/windows.h"

namespace iabn::cuda {

// A pixel of images [·, height, width] and the first of some channels.
struct Pixel {
  int64_t image, y, x;
  int64_t index;  // of all pixels
  int64_t c;

  __device__ Pixel(int64_t item, int64_t packs, int pack, int64_t height, int64_t width) {
    index = item / packs;
    c = item % packs * pack;
    x = index % width;
    y = index / width % height;
    image = index / width / height;
  }
};

}  // namespace iabn::cuda
