// Copies rows between channels-last tensors, each with its own pitch, using the device's copy engine.
#pragma once

#include "cuda/support/context.h"
#include "cuda/support/cuda.h"
#include "geometry/channel_slice.h"

namespace iabn::cuda {

inline void copy_bytes(const Context& context, void* to, const void* from, size_t bytes) {
  if (bytes == 0 || to == from) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, context.stream), "copy");
}

// Copies `bytes` of each row, unless source and target are the same memory.
inline void copy_rows(const Context& context, const void* from, ChannelSlice source, void* to,
                      ChannelSlice target, size_t bytes, int64_t rows) {
  if (bytes == 0 || rows == 0 || in_place(from, source, to, target)) return;
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
