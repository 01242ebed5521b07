// Copies of channels between channels-last tensors: rows of bytes, each tensor with its own pitch.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/loops/parallel.h"
#include "program/tensor.h"

namespace iabn {

// Some channels of every row of a tensor, in bytes.
struct ChannelSlice {
  size_t offset;  // of the first channel, from the row's beginning
  size_t pitch;   // from one row to the next
};

inline ChannelSlice channel_slice(const TensorDesc& desc, int64_t begin) {
  const size_t size = dtype_size(desc.dtype);
  return {static_cast<size_t>(begin) * size, static_cast<size_t>(desc.row_pitch()) * size};
}

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

// Whether the two are the same bytes, so that nothing is to be copied.
inline bool in_place(const void* from, ChannelSlice source, const void* to, ChannelSlice target) {
  return source.pitch == target.pitch &&
         static_cast<const char*>(from) + source.offset == static_cast<const char*>(to) + target.offset;
}

}  // namespace iabn
