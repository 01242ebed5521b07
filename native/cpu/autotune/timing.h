// Times kernels on their own operands.
#pragma once

#include <memory>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// Index of the fastest factory, or of one about as fast with less workspace and layout. All must
// accept. Layouts of constant weights are read from memory, as in a network.
size_t fastest_of(const KernelSpec& spec, const std::vector<KernelFactory>& factories);

// The shortest of several runs, in seconds.
double shortest_run(const KernelSpec& spec, std::unique_ptr<Kernel> kernel);

}  // namespace iabn
