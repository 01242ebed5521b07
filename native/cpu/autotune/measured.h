// Which of several implementations is fastest, where no rule tells: measured when the kernel is made, once
// for shapes alike on a machine (program/choices.h).
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// A specification as fast in proportion, but smaller.
using Sample = std::function<KernelSpec(const KernelSpec&)>;

// An implementation to choose from. The name is what is remembered of a choice: it stays when the list
// changes, and goes to no other implementation.
struct Candidate {
  std::string name;
  KernelFactory factory;
  bool widens = false;  // bfloat16 images, to compute in float32: not tried where that is known to be slower
};

inline Candidate widening(std::string name, KernelFactory factory) {
  return {std::move(name), std::move(factory), true};
}

// The fastest of those that accept, by their time for the sample, or one as good with less workspace; the
// first where the operands are too small to matter. Refuses where all do. IABN_KERNEL_CHOICE takes one
// unmeasured: the first whose implementation's name begins with its value ("winograd"), the first of all
// where none does.
KernelFactory fastest(std::vector<Candidate> candidates, Sample sample);

}  // namespace iabn
