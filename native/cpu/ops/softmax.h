// Building blocks of a stable softmax over a row of logits: vector loops whose sums have a fixed order.
#pragma once

#include <cstdint>

#include "cpu/loops/data.h"
#include "cpu/simd/exp_log.h"
#include "geometry/class_labels.h"
#include "geometry/smoothing.h"
#include "program/kernel.h"

namespace iabn {

struct SoftmaxRow {
  float max;
  float sum;  // Σ exp(x − max)
};

// Maps floats to integers in the same order, because the compiler vectorizes a maximum of integers, not of
// floats.
IABN_INLINE int32_t order_of(float value) {
  const int32_t bits = static_cast<int32_t>(bits_of(value));
  return bits ^ ((bits >> 31) & INT32_MAX);
}

IABN_INLINE float ordered(int32_t order) {
  return float_of(static_cast<uint32_t>(order ^ ((order >> 31) & INT32_MAX)));
}

// The maximum; with NaN in the row, either NaN or the maximum of the rest.
template <class T>
IABN_INLINE float row_max(const T* x, int64_t count) {
  int32_t max = INT32_MIN;
  for (int64_t i = 0; i < count; ++i) {
    const int32_t order = order_of(load(x + i));
    max = max < order ? order : max;
  }
  return ordered(max);
}

// The sum is NaN if any logit is NaN or +∞, or if all are −∞.
template <class T>
IABN_INLINE SoftmaxRow softmax_row(const T* x, int64_t classes) {
  constexpr int lanes = 16;
  constexpr int64_t block = 128;
  const float max = row_max(x, classes);
  float terms[block], lane[lanes], sum = 0.0f;
  for (int j = 0; j < lanes; ++j) lane[j] = 0.0f;
  for (int64_t first = 0; first < classes; first += block) {
    const int64_t count = classes - first < block ? classes - first : block;
    const int64_t whole = count - count % lanes;
    for (int64_t i = 0; i < count; ++i) terms[i] = exp_nonpositive(load(x + first + i) - max);
    for (int64_t i = 0; i < whole; i += lanes) {
      for (int j = 0; j < lanes; ++j) lane[j] += terms[i + j];
    }
    for (int64_t i = whole; i < count; ++i) sum += terms[i];
  }
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return {max, sum + lane[0]};
}

// Rows per chunk: the grid of sums depends only on the number of rows.
inline int64_t loss_chunk_rows(int64_t rows) { return rows <= 64 * 16 ? 16 : (rows + 63) / 64; }
inline int64_t loss_chunks(int64_t rows) {
  const int64_t chunk = loss_chunk_rows(rows);
  return (rows + chunk - 1) / chunk;
}

}  // namespace iabn
