// Autotuned kernel choices of this machine, cached across processes.
#pragma once

#include <string>

#include "program/choices.h"

namespace iabn {

// Stored in the file named by IABN_CPU_KERNELS, or in the user's cache folder.
Choices& kernel_choices();

// Threads, CPU, and version of oneDNN if any, which affect timings and the last bits of sums.
std::string autotune_machine();

}  // namespace iabn
