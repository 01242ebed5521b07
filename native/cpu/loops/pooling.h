// Windows of 2D pooling, clipped to the image.
#pragma once

#include "cpu/simd/simd.h"
#include "geometry/windows.h"

namespace iabn {

// Channels per block, whose accumulators stay in registers or the first-level cache.
constexpr int64_t kPoolBlock = 64;

}  // namespace iabn
