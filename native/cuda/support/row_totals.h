// Totals over the rows of logits: every block adds its warps' rows, and one block adds the blocks' totals.
#pragma once

#include "cuda/support/softmax.h"

namespace iabn::cuda {

// The total of a row, a block or all blocks: two sums in float64.
struct RowTotal {
  double sum;
  double count;
};

constexpr int64_t kTotalBlocks = 256;

inline unsigned total_blocks(int64_t rows) {
  const int64_t wanted = (rows + kWarpsPerBlock - 1) / kWarpsPerBlock;
  return static_cast<unsigned>(wanted < kTotalBlocks ? (wanted > 0 ? wanted : 1) : kTotalBlocks);
}

inline size_t total_workspace() { return kTotalBlocks * sizeof(RowTotal); }

__device__ __forceinline__ RowTotal block_total(RowTotal mine, double* shared) {
  const double sum = block_reduce(mine.sum, shared, Add{});
  return {sum, block_reduce(mine.count, shared, Add{})};
}

// row_of(row) → RowTotal, the same on all lanes of the warp.
template <class RowOf>
__global__ void __launch_bounds__(kThreads) sum_rows(int64_t rows, RowOf row_of, RowTotal* partials) {
  __shared__ double shared[kThreads / kWarp];
  RowTotal mine = {0.0, 0.0};
  const int64_t step = static_cast<int64_t>(gridDim.x) * kWarpsPerBlock;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp; row < rows;
       row += step) {
    const RowTotal each = row_of(row);
    if (lane_id() == 0) mine.sum += each.sum, mine.count += each.count;
  }
  mine = block_total(mine, shared);
  if (threadIdx.x == 0) partials[blockIdx.x] = mine;
}

// One block; its first thread calls finish(total).
template <class Finish>
__global__ void __launch_bounds__(kThreads)
    sum_blocks(int64_t count, const RowTotal* partials, Finish finish) {
  __shared__ double shared[kThreads / kWarp];
  RowTotal mine = {0.0, 0.0};
  if (threadIdx.x < count) mine = partials[threadIdx.x];
  mine = block_total(mine, shared);
  if (threadIdx.x == 0) finish(mine);
}

static_assert(kTotalBlocks <= kThreads, "a thread takes one block's total");

template <class RowOf, class Finish>
void total_rows(const Context& context, int64_t rows, void* workspace, RowOf row_of, Finish finish) {
  RowTotal* partials = static_cast<RowTotal*>(workspace);
  const unsigned blocks = total_blocks(rows);
  launch(context.stream, sum_rows<RowOf>, dim3(blocks), kThreads, rows, row_of, partials);
  launch(context.stream, sum_blocks<Finish>, dim3(1), kThreads, static_cast<int64_t>(blocks),
         static_cast<const RowTotal*>(partials), finish);
}

}  // namespace iabn::cuda
