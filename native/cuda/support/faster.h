// The faster of several implementations, timed once on operands of zeros and remembered (algorithm_cache.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/support/registry.h"

namespace iabn::cuda {

// The name is what is remembered of a choice: it stays when the list changes.
struct Candidate {
  std::string name;
  Factory factory;
};

// Those that refuse are passed over; where one is left it is taken unmeasured. Throws Refused with every
// reason.
std::unique_ptr<Kernel> faster_of(const KernelSpec& spec, Context& context, const std::string& key,
                                  const std::vector<Candidate>& candidates);

}  // namespace iabn::cuda
