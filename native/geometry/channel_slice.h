// A channel range of a channels-last tensor with its own pitch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "program/tensor.h"

namespace iabn {

// A channel range of every row of a tensor, in bytes.
struct ChannelSlice {
  size_t offset;  // of the first channel, from the row's beginning
  size_t pitch;   // from one row to the next
};

inline ChannelSlice channel_slice(const TensorDesc& desc, int64_t begin) {
  const size_t size = dtype_size(desc.dtype);
  return {static_cast<size_t>(begin) * size, static_cast<size_t>(desc.row_pitch()) * size};
}

// True if both are the same bytes, so there is nothing to copy.
inline bool in_place(const void* from, ChannelSlice source, const void* to, ChannelSlice target) {
  return source.pitch == target.pitch &&
         static_cast<const char*>(from) + source.offset == static_cast<const char*>(to) + target.offset;
}

}  // namespace iabn
