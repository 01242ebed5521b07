// Copies between pixels and blocks of pixels (geometry/depth_blocks.h).
#pragma once

#include <cstring>

#include "cpu/loops/parallel.h"
#include "geometry/depth_blocks.h"

namespace iabn {

// Calls copy(pixel, depth, bytes) for runs of one pixel's channels, with byte offsets into the image and the
// blocks.
template <class Copy>
void each_pixel_of_blocks(const DepthBlocks& s, size_t element, const Copy& copy) {
  const int64_t lines = s.images * s.height * s.block, run = s.channels;
  parallel_tasks(lines, lines * s.width * s.block * run, [&](int64_t task) {
    const int64_t i = task % s.block, row = task / s.block;
    const int64_t pixel = (row * s.block + i) * s.width * s.block, depth = row * s.width;
    for (int64_t x = 0; x < s.width * s.block; ++x) {
      const int64_t part = (i * s.block + x % s.block) * run;
      copy(static_cast<size_t>((pixel + x) * s.space_pitch) * element,
           static_cast<size_t>((depth + x / s.block) * s.depth_pitch + part) * element,
           static_cast<size_t>(run) * element);
    }
  });
}

}  // namespace iabn
