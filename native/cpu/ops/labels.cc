#include "cpu/ops/labels.h"

#include <algorithm>

#include "cpu/loops/data.h"
#include "cpu/simd/simd.h"

namespace iabn {
namespace {

// As unsigned, a negative label is a large one.
IABN_INLINE bool outside(int32_t label, uint32_t classes, int32_t ignored) {
  return (static_cast<uint32_t>(label) >= classes) & (label != ignored);
}

// One block at a time, because a loop that may exit at any label is not vectorized.
template <class L>
IABN_INLINE int64_t first(const L* labels, int64_t count, uint32_t classes, int32_t ignored) {
  constexpr int64_t block = 4096;
  for (int64_t begin = 0; begin < count; begin += block) {
    const int64_t end = std::min(count, begin + block);
    int32_t any = 0;
    for (int64_t i = begin; i < end; ++i) any |= outside(labels[i], classes, ignored);
    if (!any) continue;
    for (int64_t i = begin; i < end; ++i) {
      if (outside(labels[i], classes, ignored)) return i;
    }
  }
  return -1;
}

IABN_SIMD int64_t first_leaf(const int32_t* labels, int64_t count, uint32_t classes, int32_t ignored) {
  return first(labels, count, classes, ignored);
}

IABN_SIMD int64_t first_leaf(const uint8_t* labels, int64_t count, uint32_t classes, int32_t ignored) {
  return first(labels, count, classes, ignored);
}

template <class L>
int64_t first_of(const L* labels, int64_t count, int64_t classes, int64_t ignored) {
  // No 32-bit label equals an `ignored` that does not fit; 0 is a class anyway, if there are any.
  const bool fits = ignored >= INT32_MIN && ignored <= INT32_MAX;
  return first_leaf(labels, count, static_cast<uint32_t>(classes), fits ? static_cast<int32_t>(ignored) : 0);
}

}  // namespace

int64_t first_outside(const int32_t* labels, int64_t count, int64_t classes, int64_t ignored) {
  return first_of(labels, count, classes, ignored);
}

int64_t first_outside(const uint8_t* labels, int64_t count, int64_t classes, int64_t ignored) {
  return first_of(labels, count, classes, ignored);
}

}  // namespace iabn
