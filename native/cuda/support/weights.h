// Converts weights from the program's layout (float32, O×I×KH×KW row-major) to that of products (T,
// O×KH×KW×I).
#pragma once

#include "cuda/support/map.h"
#include "cuda/support/numbers.h"
#include "cuda/support/weight_shape.h"

namespace iabn::cuda {

template <class T>
void lay_out_weights(const Context& context, WeightShape s, const float* weight, T* to) {
  for_items(context, s.elements(), [=] __device__(int64_t i) {
    const int64_t input = i % s.inputs, tap = i / s.inputs % s.taps, output = i / (s.inputs * s.taps);
    store(to + i, weight[(output * s.inputs + input) * s.taps + tap]);
  });
}

// The reverse, for their gradient.
template <class T>
void restore_weights(const Context& context, WeightShape s, const T* from, float* weight) {
  for_items(context, s.elements(), [=] __device__(int64_t i) {
    const int64_t tap = i % s.taps, input = i / s.taps % s.inputs, output = i / (s.inputs * s.taps);
    weight[i] = to_float(from[(output * s.taps + tap) * s.inputs + input]);
  });
}

}  // namespace iabn::cuda
