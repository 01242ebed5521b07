// Which of several implementations is fastest, where no rule tells: measured when the kernel is made, once
// for shapes alike on a machine (program/choices.h).
#pragma once

#include <functional>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// A specification as fast in proportion, but smaller.
using Sample = std::function<KernelSpec(const KernelSpec&)>;

// The fastest of those that accept, by their time for the sample, or one as good with less workspace; the
// first where the operands are too small to matter. Refuses where all do. IABN_KERNEL_CHOICE takes one
// unmeasured: the first whose implementation's name begins with its value ("winograd"), the first of all
// where none does.
KernelFactory fastest(std::vector<KernelFactory> candidates, Sample sample);

}  // namespace iabn
