// Geometry of a linear layer.
#pragma once

#include "program/kernel.h"

namespace iabn {

// x [rows, inputs], w f32 [outputs, inputs], y [rows, outputs].
struct LinearShape {
  int64_t rows, inputs, outputs;

  // Throws std::invalid_argument if the operands do not fit together.
  static LinearShape from(const TensorDesc& x, const TensorDesc& w, const TensorDesc& y);
  bool empty() const { return rows == 0 || inputs == 0 || outputs == 0; }
};

}  // namespace iabn
