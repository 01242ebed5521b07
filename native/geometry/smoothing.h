// Class weights and label smoothing of a cross entropy.
#pragma once

#include <cstdint>

#include "geometry/portable.h"
#include "program/kernel.h"

namespace iabn {

// Target of a row: `own` = 1 − ε for the label's class plus `other` = ε/K for every class, each times the
// class weight.
struct Smoothing {
  float own, other;
  const float* weights;  // or null: all 1

  IABN_PORTABLE_MEMBER float weight(int64_t k) const { return weights == nullptr ? 1.0f : weights[k]; }
};

// As specified by an instruction; `operand` is the index of the weights.
struct SmoothingSpec {
  double epsilon;
  size_t operand;
  bool weighted;

  SmoothingSpec(const KernelSpec& spec, size_t operand)
      : epsilon(spec.attrs.number("label_smoothing")),
        operand(operand),
        weighted(spec.inputs.size() > operand && spec.inputs[operand].present()) {}

  bool any() const { return weighted || epsilon > 0; }
  Smoothing of(const KernelArgs& args, int64_t classes) const {
    return {static_cast<float>(1 - epsilon), static_cast<float>(epsilon / static_cast<double>(classes)),
            weighted ? args.in<float>(operand) : nullptr};
  }
};

}  // namespace iabn
