// Deterministic per-channel reductions over rows. A thread accumulates its rows (kRowsAtMost) in float32
// registers; a block merges its threads' partials in shared memory, and a second kernel those of the blocks,
// in float64 and always in the same order.
//
// A reader defines the accumulation:
//   struct Reader {
//     using Partial = …;                                   // of one channel, trivially copyable
//     template <int N> struct State;                       // of N channels, in registers
//     State<N> begin(c);  state.add(reader, row, c);  state.partial(j) → Partial
//     static Partial merge(Partial, Partial);  static Partial nothing();
//   };
#pragma once

#include "cuda/support/rows.h"

namespace iabn::cuda {

constexpr int kMergeChannels = 8;  // of a block of the second kernel
constexpr int kMergeLanes = static_cast<int>(kWarp);

template <class Reader, int N>
__global__ void __launch_bounds__(kThreads, kReduceBlocks)
    reduce_chunks(RowMap map, Reader reader, typename Reader::Partial* partials) {
  using Partial = typename Reader::Partial;
  const RowCell cell(map);
  typename Reader::template State<N> state;
  if (cell.active) {
    state.begin(reader, cell.c);
    int64_t row = cell.begin;
    for (; row + 3 * cell.step < cell.end; row += 4 * cell.step)
      state.template add<4>(reader, row, cell.step);
    for (; row < cell.end; row += cell.step) state.template add<1>(reader, row, cell.step);
  }
  __shared__ Partial shared[kThreads];
  const int64_t chunk = static_cast<int64_t>(blockIdx.z) * gridDim.x + blockIdx.x;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    shared[threadIdx.x] = cell.active ? state.partial(j) : Reader::nothing();
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
      const int from = cell.down + half;
      if (cell.down < half && from < map.down) {
        Partial& mine = shared[threadIdx.x];
        mine = Reader::merge(mine, shared[threadIdx.x + half * map.across]);
      }
      __syncthreads();
    }
    if (cell.active && cell.down == 0) partials[chunk * map.channels + cell.c + j] = shared[threadIdx.x];
    __syncthreads();
  }
}

// A warp's lanes share a channel's chunks; calls finish(segment, c, partial).
template <class Reader, class Finish>
__global__ void __launch_bounds__(kMergeChannels* kMergeLanes)
    merge_chunks(int64_t chunks, int64_t channels, const typename Reader::Partial* partials, Finish finish) {
  using Partial = typename Reader::Partial;
  __shared__ Partial shared[kMergeChannels * kMergeLanes];
  // Adjacent threads read adjacent channels.
  const int column = static_cast<int>(threadIdx.x) % kMergeChannels;
  const int lane = static_cast<int>(threadIdx.x) / kMergeChannels;
  const int64_t c = static_cast<int64_t>(blockIdx.x) * kMergeChannels + column;
  const int64_t segment = blockIdx.y;
  Partial total = Reader::nothing();
  if (c < channels) {
    const Partial* from = partials + segment * chunks * channels + c;
#pragma unroll 4
    for (int64_t chunk = lane; chunk < chunks; chunk += kMergeLanes) {
      total = Reader::merge(total, from[chunk * channels]);
    }
  }
  shared[threadIdx.x] = total;
  __syncthreads();
  for (int half = kMergeLanes / 2; half > 0; half /= 2) {
    if (lane < half) {
      shared[threadIdx.x] = Reader::merge(shared[threadIdx.x], shared[threadIdx.x + half * kMergeChannels]);
    }
    __syncthreads();
  }
  if (lane == 0 && c < channels) finish(segment, c, shared[threadIdx.x]);
}

template <class Reader>
size_t column_workspace(const RowMap& map) {
  return static_cast<size_t>(map.segments * map.chunks * map.channels) * sizeof(typename Reader::Partial);
}

// Calls finish(segment, c, partial) on the device for every channel of every segment.
template <class T, class Reader, class Finish>
void reduce_columns(const Context& context, const RowMap& map, const Reader& reader, void* workspace,
                    const Finish& finish) {
  using Partial = typename Reader::Partial;
  Partial* partials = static_cast<Partial*>(workspace);
  with_pack<T>(map.pack, [&](auto width) {
    launch(context.stream, reduce_chunks<Reader, decltype(width)::value>, map.grid(), kThreads, map, reader,
           partials);
  });
  const dim3 grid(static_cast<unsigned>((map.channels + kMergeChannels - 1) / kMergeChannels),
                  static_cast<unsigned>(map.segments));
  launch(context.stream, merge_chunks<Reader, Finish>, grid, kMergeChannels * kMergeLanes, map.chunks,
         map.channels, static_cast<const Partial*>(partials), finish);
}

}  // namespace iabn::cuda
