// What was measured of this machine's kernels, for this process and those after it.
#pragma once

#include <string>

#include "program/choices.h"

namespace iabn {

// In the file that IABN_CPU_KERNELS names, or the user's cache folder's.
Choices& kernel_choices();

// What a measured time depends on beside the kernel and its operands; the end of a choice's key.
std::string where_measured();

}  // namespace iabn
