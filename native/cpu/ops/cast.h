#pragma once

#include <cstdint>

#include "cpu/loops/data.h"

namespace iabn {

// Runs in parallel; from and to must not overlap. Rounds to nearest even.
void cast_elements(const bf16* from, float* to, int64_t count);
void cast_elements(const float* from, bf16* to, int64_t count);

}  // namespace iabn
