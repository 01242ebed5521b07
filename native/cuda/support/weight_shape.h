// Weights as products see them: O×I×taps.
#pragma once

#include <cstdint>

#include "program/tensor.h"

namespace iabn::cuda {

struct WeightShape {
  int64_t outputs, inputs, taps;  // taps: KH·KW; 1 for a matrix
  int64_t elements() const { return outputs * inputs * taps; }
};

// True if a product of `dtype` can use the program's layout.
inline bool weights_as_they_are(const WeightShape& s, DType dtype) {
  return dtype == DType::f32 && (s.taps == 1 || s.inputs == 1);
}

}  // namespace iabn::cuda
