// Copies of rows between channels-last tensors, each with its own pitch, by the device's copy engine.
#pragma once

#include "cuda/support/context.h"
#include "cuda/support/cuda.h"
#include "program/tensor.h"

namespace iabn::cuda {

// Some channels of every row of a tensor, in bytes.
struct ChannelSlice {
  size_t offset;  // of the first channel, from the row's beginning
  size_t pitch;   // from one row to the next
};

inline ChannelSlice channel_slice(const TensorDesc& desc, int64_t begin) {
  const size_t size = dtype_size(desc.dtype);
  return {static_cast<size_t>(begin) * size, static_cast<size_t>(desc.row_pitch()) * size};
}

inline bool same_place(const void* from, ChannelSlice source, const void* to, ChannelSlice target) {
  return source.pitch == target.pitch &&
         static_cast<const char*>(from) + source.offset == static_cast<const char*>(to) + target.offset;
}

inline void copy_bytes(const Context& context, void* to, const void* from, size_t bytes) {
  if (bytes == 0 || to == from) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, context.stream), "copy");
}

// Copies `bytes` of each of the rows, unless they lie where they are wanted.
inline void copy_rows(const Context& context, const void* from, ChannelSlice source, void* to,
                      ChannelSlice target, size_t bytes, int64_t rows) {
  if (bytes == 0 || rows == 0 || same_place(from, source, to, target)) return;
  if (source.pitch == bytes && target.pitch == bytes) {
    return copy_bytes(context, static_cast<char*>(to) + target.offset,
                      static_cast<const char*>(from) + source.offset, bytes * static_cast<size_t>(rows));
  }
  check(cudaMemcpy2DAsync(static_cast<char*>(to) + target.offset, target.pitch,
                          static_cast<const char*>(from) + source.offset, source.pitch, bytes,
                          static_cast<size_t>(rows), cudaMemcpyDeviceToDevice, context.stream),
        "copy");
}

inline void clear_bytes(const Context& context, void* to, size_t bytes) {
  if (bytes > 0) check(cudaMemsetAsync(to, 0, bytes, context.stream), "clear");
}

}  // namespace iabn::cuda
