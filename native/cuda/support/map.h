// Elementwise kernels over dense arrays: 16 bytes per thread and step, then the tail one by one. An output
// may alias an input, since each element is read before it is written, by the same thread.
#pragma once

#include <algorithm>

#include "cuda/support/context.h"
#include "cuda/support/launch.h"
#include "cuda/support/numbers.h"

namespace iabn::cuda {

constexpr int kBlocksPerMultiprocessor = 8;

// Blocks for `items` items, a few at a time per thread.
inline unsigned blocks_for(const Context& context, int64_t items) {
  const int64_t wanted = (items + kThreads - 1) / kThreads;
  const int64_t most = static_cast<int64_t>(context.multiprocessors) * kBlocksPerMultiprocessor;
  return static_cast<unsigned>(std::min(wanted, most));
}

__device__ __forceinline__ int64_t first_item() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ int64_t item_step() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

template <class T, class Op, class... In>
__global__ void __launch_bounds__(kThreads) map_elements(T* out, int64_t count, Op op, const In*... in) {
  constexpr int width = kPack<T>;
  const int64_t packs = count / width, step = item_step();
  for (int64_t i = first_item(); i < packs; i += step) {
    float values[width];
    const auto apply = [&](auto... pack) {
#pragma unroll
      for (int j = 0; j < width; ++j) values[j] = op(to_float(pack.at[j])...);
    };
    apply(load_pack<width>(in + i * width)...);
    store_pack<width>(out + i * width, values);
  }
  for (int64_t i = packs * width + first_item(); i < count; i += step) store(out + i, op(to_float(in[i])...));
}

// out[i] = op(in[i]…), all of one dtype, each 16-byte aligned.
template <class T, class Op, class... In>
void map(const Context& context, T* out, int64_t count, Op op, const In*... in) {
  const int64_t items = std::max(count / kPack<T>, std::min<int64_t>(count, 1));
  launch(context.stream, map_elements<T, Op, In...>, dim3(blocks_for(context, items)), kThreads, out, count,
         op, in...);
}

template <class Body>
__global__ void __launch_bounds__(kThreads) run_items(int64_t count, Body body) {
  for (int64_t i = first_item(); i < count; i += item_step()) body(i);
}

// Calls body(i) for every i in [0, count), on the device.
template <class Body>
void for_items(const Context& context, int64_t count, Body body) {
  launch(context.stream, run_items<Body>, dim3(blocks_for(context, count)), kThreads, count, body);
}

}  // namespace iabn::cuda
