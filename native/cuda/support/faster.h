// The fastest of several implementations, autotuned once on zero-filled operands and cached
// (algorithm_cache.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/support/registry.h"

namespace iabn::cuda {

// Choices are stored by name, so a name must survive changes of the list.
struct Candidate {
  std::string name;
  Factory factory;
};

// Skips candidates that refuse; a single remaining one is used without timing. Throws Refused with every
// reason if all refuse.
std::unique_ptr<Kernel> faster_of(const KernelSpec& spec, Context& context, const std::string& key,
                                  const std::vector<Candidate>& candidates);

}  // namespace iabn::cuda
