// Reads and writes bfloat16 in loops.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/loops/data.h"

namespace iabn {

// Rounds `count` numbers on one thread, with the CPU's own instruction if it has one (which flushes denormals
// to zero).
void narrow(const float* from, bf16* to, int64_t count);

// Exact.
void widen(const bf16* from, float* to, int64_t count);

// out[i] = value(i) for i < count. The output may be the memory of an input that value(i) reads.
template <class Value>
IABN_INLINE void store_all(float* out, int64_t count, const Value& value) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) out[i] = value(i);
}

// Goes through a block in the first-level cache, because compilers do not vectorize the rounding instruction.
template <class Value>
IABN_INLINE void store_all(bf16* out, int64_t count, const Value& value) {
  constexpr int64_t kBlock = 512;
  alignas(64) float block[kBlock];
  for (int64_t first = 0; first < count; first += kBlock) {
    const int64_t some = std::min(kBlock, count - first);
    for (int64_t i = 0; i < some; ++i) block[i] = value(first + i);
    narrow(block, out + first, some);
  }
}

}  // namespace iabn
