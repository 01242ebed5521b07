// Chooses the fastest of several implementations where no rule determines it: autotuned when the kernel is
// created, once per group of similar shapes on a machine (program/choices.h).
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "program/kernel.h"

namespace iabn {

// Returns a smaller specification with the same relative speed.
using Sample = std::function<KernelSpec(const KernelSpec&)>;

// An implementation to choose from. Choices are stored by name, so a name must survive changes of the list
// and must not be reused for another implementation.
struct Candidate {
  std::string name;
  KernelFactory factory;
  bool widens = false;  // bfloat16 images, to compute in float32: not tried where that is known to be slower
};

inline Candidate widening(std::string name, KernelFactory factory) {
  return {std::move(name), std::move(factory), true};
}

// The one that the specification names, or the fastest of the candidates that accept, by their time for the
// sample, or one about as fast with less memory; the first if the operands are too small to matter, or if
// the kernel is to be untimed: then those whose bits depend on the number of threads refuse. Throws Refused
// if all refuse. IABN_KERNEL_CHOICE skips timing: it selects the first candidate whose implementation's name
// starts with its value ("winograd"), or the first of all if there is none.
KernelFactory fastest(std::vector<Candidate> candidates, Sample sample);

}  // namespace iabn
