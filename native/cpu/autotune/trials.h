// Kernels timed on operands of their own.
#pragma once

#include <memory>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// Of factories that accept, the place of the fastest, or of one about as fast with less workspace.
size_t fastest_of(const KernelSpec& spec, const std::vector<KernelFactory>& factories);

// Seconds of the shortest of some runs.
double shortest_run(const KernelSpec& spec, std::unique_ptr<Kernel> kernel);

}  // namespace iabn
