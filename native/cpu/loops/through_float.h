// Fallback for bfloat16 where the CPU or oneDNN does not support it: converts to float32, computes, and
// converts back.
#pragma once

#include <vector>

#include "program/kernel.h"

namespace iabn {

// A factory that serves specifications with bfloat16 operands through the first of the float32
// implementations that accepts them. Refuses specifications without bfloat16.
KernelFactory through_float(std::vector<KernelFactory> implementations);

}  // namespace iabn
