// Shared by the optimizer updates: operand 0 is the parameter, 1 its gradient or a part of it.
#pragma once

#include "program/kernel.h"

namespace iabn {

// Index of the first parameter element that the gradient covers; `begin` counts along the first axis.
inline int64_t first_updated(const KernelSpec& spec) {
  const int64_t begin = spec.attrs.integer("begin");
  return begin == 0 ? 0 : begin * (spec.inputs[0].elements() / spec.inputs[0].dims[0]);
}

}  // namespace iabn
