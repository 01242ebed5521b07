// One row of logits: what a stable softmax needs, in vector loops whose sums have a fixed order.
#pragma once

#include <cstdint>

#include "cpu/data.h"
#include "cpu/exp_log.h"

namespace iabn {

struct SoftmaxRow {
  float max;
  float sum;  // Σ exp(x − max)
};

// A NaN or +∞ among the logits, or nothing but −∞, makes the sum NaN.
template <class T>
IABN_INLINE SoftmaxRow softmax_row(const T* x, int64_t classes) {
  constexpr int lanes = 16;
  const int64_t whole = classes - classes % lanes;
  float max = load(x);
  float lane[lanes];
  if (whole > 0) {
    for (int j = 0; j < lanes; ++j) lane[j] = load(x + j);
    for (int64_t i = lanes; i < whole; i += lanes) {
      for (int j = 0; j < lanes; ++j) {
        const float v = load(x + i + j);
        lane[j] = lane[j] < v ? v : lane[j];
      }
    }
    for (int j = 0; j < lanes; ++j) max = max < lane[j] ? lane[j] : max;
  }
  for (int64_t i = whole; i < classes; ++i) {
    const float v = load(x + i);
    max = max < v ? v : max;
  }
  for (int j = 0; j < lanes; ++j) lane[j] = 0.0f;
  for (int64_t i = 0; i < whole; i += lanes) {
    for (int j = 0; j < lanes; ++j) lane[j] += exp_nonpositive(load(x + i + j) - max);
  }
  float sum = 0.0f;
  for (int64_t i = whole; i < classes; ++i) sum += exp_nonpositive(load(x + i) - max);
  for (int j = 0; j < lanes; ++j) sum += lane[j];
  return {max, sum};
}

// Labels outside [0, classes) are ignored, as is `ignore` itself.
struct Labels {
  const int32_t* data;
  int64_t classes;
  int64_t ignore;

  IABN_INLINE_MEMBER bool counted(int64_t row) const {
    const int64_t label = data[row];
    return label != ignore && label >= 0 && label < classes;
  }
};

// Rows of a chunk: the grid of sums follows from the number of rows alone.
inline int64_t loss_chunk_rows(int64_t rows) { return rows <= 64 * 16 ? 16 : (rows + 63) / 64; }
inline int64_t loss_chunks(int64_t rows) {
  const int64_t chunk = loss_chunk_rows(rows);
  return (rows + chunk - 1) / chunk;
}

}  // namespace iabn
