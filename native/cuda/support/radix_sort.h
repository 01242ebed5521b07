// A stable radix sort of 64-bit entries by some of their bits, in a fixed order: no result depends on how
// blocks are scheduled. Each block has a range of entries; digits of 4 bits are counted by block, scanned by
// one block, and entries move to their places in the order in which they lie.
#pragma once

#include <algorithm>

#include "cuda/support/launch.h"

namespace iabn::cuda {

constexpr int kDigitBits = 4;
constexpr int kDigits = 1 << kDigitBits;
constexpr int kSortItems = 4;  // of a thread, which lie next to each other
constexpr int64_t kSortTile = static_cast<int64_t>(kThreads) * kSortItems;
constexpr int64_t kSortBlocks = 256;

// How `count` entries are divided into blocks.
struct SortGrid {
  int64_t count, blocks, range;  // of a block: whole tiles

  static SortGrid of(int64_t count) {
    const int64_t tiles = std::max<int64_t>(1, (count + kSortTile - 1) / kSortTile);
    const int64_t each = (tiles + kSortBlocks - 1) / kSortBlocks;
    return {count, (tiles + each - 1) / each, each * kSortTile};
  }
  dim3 grid() const { return dim3(static_cast<unsigned>(blocks)); }
  size_t places() const { return static_cast<size_t>(kDigits * blocks); }
};

// The digit of an entry at bit `shift`, of `mask`.
struct Digit {
  int shift;
  uint32_t mask;

  __device__ uint32_t of(uint64_t entry) const { return static_cast<uint32_t>(entry >> shift) & mask; }
};

// Sum over the threads before this one; shared: kThreads values.
__device__ __forceinline__ uint32_t scan_block(uint32_t value, uint32_t* shared) {
  const unsigned thread = threadIdx.x;
  shared[thread] = value;
  __syncthreads();
  for (unsigned step = 1; step < kThreads; step *= 2) {
    const uint32_t before = thread >= step ? shared[thread - step] : 0u;
    __syncthreads();
    shared[thread] += before;
    __syncthreads();
  }
  const uint32_t sum = shared[thread] - value;
  __syncthreads();
  return sum;
}

// places[digit, block]: how many entries of the block have the digit. `skip` where *needed is 0.
static __global__ void __launch_bounds__(kThreads)
    count_digits(SortGrid sort, Digit digit, const int32_t* needed, const uint64_t* entries,
                 uint32_t* places) {
  __shared__ uint32_t counts[kDigits];
  if (*needed == 0) return;
  if (threadIdx.x < kDigits) counts[threadIdx.x] = 0;
  __syncthreads();
  const int64_t first = blockIdx.x * sort.range;
  const int64_t end = first + sort.range < sort.count ? first + sort.range : sort.count;
  // Sums of integers do not depend on the order.
  for (int64_t i = first + threadIdx.x; i < end; i += kThreads) atomicAdd(counts + digit.of(entries[i]), 1u);
  __syncthreads();
  if (threadIdx.x < kDigits) places[threadIdx.x * sort.blocks + blockIdx.x] = counts[threadIdx.x];
}

// One block: from counts to places, each the sum of all before it.
static __global__ void __launch_bounds__(kThreads)
    scan_digits(int64_t count, const int32_t* needed, uint32_t* places) {
  __shared__ uint32_t shared[kThreads];
  if (*needed == 0) return;
  const int64_t each = (count + kThreads - 1) / kThreads;
  const int64_t first = threadIdx.x * each, end = first + each < count ? first + each : count;
  uint32_t sum = 0;
  for (int64_t i = first; i < end; ++i) sum += places[i];
  uint32_t at = scan_block(sum, shared);
  for (int64_t i = first; i < end; ++i) {
    const uint32_t own = places[i];
    places[i] = at;
    at += own;
  }
}

static __global__ void __launch_bounds__(kThreads)
    move_entries(SortGrid sort, Digit digit, const int32_t* needed, const uint64_t* entries,
                 const uint32_t* places, uint64_t* sorted) {
  __shared__ uint32_t counts[kDigits * kThreads], shared[kThreads], begin[kDigits], next[kDigits];
  if (*needed == 0) return;
  const unsigned thread = threadIdx.x;
  if (thread < kDigits) next[thread] = places[thread * sort.blocks + blockIdx.x];
  const int64_t first = blockIdx.x * sort.range;
  for (int64_t tile = first; tile < first + sort.range && tile < sort.count; tile += kSortTile) {
    const int64_t mine = tile + thread * kSortItems;
    for (int d = 0; d < kDigits; ++d) counts[d * kThreads + thread] = 0;
    for (int j = 0; j < kSortItems && mine + j < sort.count; ++j) {
      ++counts[digit.of(entries[mine + j]) * kThreads + thread];
    }
    __syncthreads();
    // The tile's places in the order of digits, then of threads.
    uint32_t sum = 0;
    for (int j = 0; j < kDigits; ++j) sum += counts[thread * kDigits + j];
    uint32_t at = scan_block(sum, shared);
    for (int j = 0; j < kDigits; ++j) {
      const uint32_t own = counts[thread * kDigits + j];
      counts[thread * kDigits + j] = at;
      at += own;
    }
    __syncthreads();
    if (thread < kDigits) begin[thread] = counts[thread * kThreads];
    __syncthreads();
    for (int j = 0; j < kSortItems && mine + j < sort.count; ++j) {
      const uint64_t entry = entries[mine + j];
      const uint32_t d = digit.of(entry);
      sorted[next[d] + (counts[d * kThreads + thread]++ - begin[d])] = entry;
    }
    __syncthreads();
    const int64_t rest = sort.count - tile;
    const uint32_t size = static_cast<uint32_t>(rest < kSortTile ? rest : kSortTile);
    if (thread < kDigits) next[thread] += (thread + 1 < kDigits ? begin[thread + 1] : size) - begin[thread];
    __syncthreads();
  }
}

// The number of entries of each digit before each block; places: sort.places().
inline void place_digits(cudaStream_t stream, SortGrid sort, Digit digit, const int32_t* needed,
                         const uint64_t* entries, uint32_t* places) {
  launch(stream, count_digits, sort.grid(), kThreads, sort, digit, needed, entries, places);
  launch(stream, scan_digits, dim3(1), kThreads, static_cast<int64_t>(sort.places()), needed, places);
}

// Sorts by `bits` bits from `shift` on, in an even number of passes, so that the result is in `entries`; does
// nothing where *needed is 0. `other`: as many entries.
inline void radix_sort(cudaStream_t stream, SortGrid sort, int shift, int bits, const int32_t* needed,
                       uint64_t* entries, uint64_t* other, uint32_t* places) {
  const int passes = (bits + 2 * kDigitBits - 1) / (2 * kDigitBits) * 2;
  uint64_t *from = entries, *to = other;
  for (int pass = 0; pass < passes; ++pass, std::swap(from, to)) {
    const Digit digit{shift + pass * kDigitBits, kDigits - 1u};
    place_digits(stream, sort, digit, needed, from, places);
    launch(stream, move_entries, sort.grid(), kThreads, sort, digit, needed, from, places, to);
  }
}

}  // namespace iabn::cuda
