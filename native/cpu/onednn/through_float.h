// The last resort for bfloat16 where a CPU or oneDNN has none: convert, compute in float32, convert back.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// A factory that serves specifications with bfloat16 operands by the first of the given float32
// implementations that accepts them; it refuses specifications without bfloat16.
KernelFactory through_float(std::vector<KernelFactory> implementations);

}  // namespace iabn
