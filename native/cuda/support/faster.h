// The faster of several implementations, measured once on operands of zeros and remembered
// (algorithm_cache.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/support/registry.h"

namespace iabn::cuda {

// Those that refuse are passed over; where one is left it is taken unmeasured. Throws Refused with every
// reason.
std::unique_ptr<Kernel> faster_of(const KernelSpec& spec, Context& context, const std::string& key,
                                  const std::vector<Factory>& candidates);

}  // namespace iabn::cuda
