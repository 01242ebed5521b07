// Moves blocks of b × b pixels into channels: y[n, (i·b + j)·C + c, h, w] = x[n, c, h·b + i, w·b + j].
#pragma once

#include <cstdint>
#include <stdexcept>

#include "program/kernel.h"

namespace iabn {

struct DepthBlocks {
  int64_t block;
  int64_t images, channels, height,
      width;                         // of the smaller images: `channels` are those of one pixel of a block
  int64_t space_pitch, depth_pitch;  // elements from pixel to pixel

  // Throws std::invalid_argument unless `depth` is the block form of `space`.
  static DepthBlocks from(const Attrs& attrs, const TensorDesc& space, const TensorDesc& depth) {
    const int64_t block = attrs.integer("block");
    const bool images = space.rank() == 4 && depth.rank() == 4 && space.dims[0] == depth.dims[0] &&
                        space.dtype == depth.dtype && block >= 1;
    if (!images || space.dims[1] * block * block != depth.dims[1] || depth.dims[2] * block != space.dims[2] ||
        depth.dims[3] * block != space.dims[3]) {
      throw std::invalid_argument("blocks of pixels: expected images N,C,H,W and their blocks of one dtype");
    }
    return {block,         space.dims[0],     space.dims[1],    depth.dims[2],
            depth.dims[3], space.row_pitch(), depth.row_pitch()};
  }
};

}  // namespace iabn
