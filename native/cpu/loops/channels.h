// Copies channels between channels-last tensors: rows of bytes, each tensor with its own pitch.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/loops/parallel.h"
#include "geometry/channel_slice.h"

namespace iabn {

// Copies `bytes` of each of the rows [begin, end).
inline void copy_rows(const void* from, ChannelSlice source, void* to, ChannelSlice target, size_t bytes,
                      int64_t begin, int64_t end) {
  const char* src = static_cast<const char*>(from) + source.offset;
  char* dst = static_cast<char*>(to) + target.offset;
  for (int64_t row = begin; row < end; ++row) {
    const size_t at = static_cast<size_t>(row);
    std::memcpy(dst + at * target.pitch, src + at * source.pitch, bytes);
  }
}

}  // namespace iabn
