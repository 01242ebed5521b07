// Copies between pixels and blocks of pixels (geometry/depth_blocks.h).
#pragma once

#include <cstring>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/depth_blocks.h"

namespace iabn {

// Operand 0 → output 0: the blocks of an image, or the image of blocks.
inline std::unique_ptr<Kernel> make_block_copy(const DepthBlocks& s, size_t element, bool to_blocks) {
  const int64_t lines = s.images * s.height * s.block, run = s.channels;
  return make_kernel_of([=](const KernelArgs& args) {
    const char* from = args.in<char>(0);
    char* to = args.out<char>(0);
    parallel_tasks(lines, lines * s.width * s.block * run, [&](int64_t task) {
      const int64_t i = task % s.block, row = task / s.block;
      const int64_t first_pixel = (row * s.block + i) * s.width * s.block, first_depth = row * s.width;
      for (int64_t x = 0; x < s.width * s.block; ++x) {
        const int64_t part = (i * s.block + x % s.block) * run;
        const size_t pixel = static_cast<size_t>((first_pixel + x) * s.space_pitch) * element;
        const size_t depth =
            static_cast<size_t>((first_depth + x / s.block) * s.depth_pitch + part) * element;
        std::memcpy(to + (to_blocks ? depth : pixel), from + (to_blocks ? pixel : depth),
                    static_cast<size_t>(run) * element);
      }
    });
  });
}

}  // namespace iabn
