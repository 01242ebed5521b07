#pragma once

#include <cstdint>

#include "cpu/loops/data.h"

namespace iabn {

// In parallel; from and to do not overlap. To bfloat16: to the nearest, ties to even.
void cast_elements(const bf16* from, float* to, int64_t count);
void cast_elements(const float* from, bf16* to, int64_t count);

}  // namespace iabn
