// The choices among this machine's kernels, for this process and those after it.
#pragma once

#include <string>

#include "program/choices.h"

namespace iabn {

// In the file that IABN_CPU_KERNELS names, or the user's cache folder's.
Choices& kernel_choices();

// Threads, CPU and version of oneDNN: a measured time depends on them, and so may the last bits of a sum.
std::string where_measured();

}  // namespace iabn
