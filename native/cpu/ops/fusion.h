// Fuses the predictions of several scales into one label and one probability per pixel: leaves over a row of
// pixels.
//
//   mean    P += (p_i − P)/i, label = argmax P, probability = max P
//   voting  each i votes for argmax p_i; the most votes win (ties: the lowest class), with their mean max p_i
//   max     the largest max p_i (ties: the first i)
//
// p_i = softmax(l_i). If only the largest class matters, its probability is 1/Σ exp(l − max), without a
// division per class.
#pragma once

#include <cstdint>
#include <limits>

#include "cpu/ops/softmax.h"

namespace iabn {

constexpr int64_t kMaxClasses = 256;

// The source positions of an output: (1 − share)·first + share·second.
struct Tap {
  int32_t first;
  int32_t second;
  float share;
};

// One prediction, already resized vertically: its row [width][classes], and a tap for every output column.
struct FusionSource {
  const float* row;
  const Tap* taps;
};

struct FusionRow {
  const FusionSource* sources;
  int64_t count;
  int64_t classes;
  int64_t width;  // of the output
};

struct Prediction {
  int32_t label;
  float probability;
};

// The first k with x_k = value.
IABN_INLINE int32_t first_equal(const float* x, float value, int32_t classes) {
  int32_t first = classes;
  for (int32_t k = 0; k < classes; ++k) {
    const int32_t found = x[k] == value ? k : classes;
    first = found < first ? found : first;
  }
  return first;
}

// The first maximum; no x_k is NaN.
IABN_INLINE Prediction largest(const float* x, int32_t classes) {
  const float max = row_max(x, classes);
  return {first_equal(x, max, classes), max};
}

struct MaxRule {
  // Without an initializer: Clang 19 emits no constructor that only functions with clones call.
  Prediction best;

  IABN_INLINE_MEMBER void start(int64_t) { best = {0, 0.0f}; }
  IABN_INLINE_MEMBER void add(const float* logits, SoftmaxRow softmax, int64_t classes, int64_t) {
    const float probability = 1.0f / softmax.sum;
    if (probability <= best.probability) return;
    best = {first_equal(logits, softmax.max, static_cast<int32_t>(classes)), probability};
  }
  IABN_INLINE_MEMBER Prediction end(int64_t) const { return best; }
};

struct VotingRule {
  float votes[kMaxClasses];
  float sums[kMaxClasses];

  IABN_INLINE_MEMBER void start(int64_t classes) {
    for (int64_t k = 0; k < classes; ++k) votes[k] = sums[k] = 0.0f;
  }
  IABN_INLINE_MEMBER void add(const float* logits, SoftmaxRow softmax, int64_t classes, int64_t) {
    const int32_t label = first_equal(logits, softmax.max, static_cast<int32_t>(classes));
    votes[label] += 1.0f;
    sums[label] += 1.0f / softmax.sum;
  }
  IABN_INLINE_MEMBER Prediction end(int64_t classes) const {
    const Prediction winner = largest(votes, static_cast<int32_t>(classes));
    return {winner.label, sums[winner.label] / votes[winner.label]};
  }
};

struct MeanRule {
  float mean[kMaxClasses];

  IABN_INLINE_MEMBER void start(int64_t classes) {
    for (int64_t k = 0; k < classes; ++k) mean[k] = 0.0f;
  }
  IABN_INLINE_MEMBER void add(const float* logits, SoftmaxRow softmax, int64_t classes, int64_t before) {
    const float share = 1.0f / softmax.sum;
    const float weight = 1.0f / static_cast<float>(before + 1);
    for (int64_t k = 0; k < classes; ++k) {
      const float probability = exp_nonpositive(logits[k] - softmax.max) * share;
      mean[k] += (probability - mean[k]) * weight;
    }
  }
  IABN_INLINE_MEMBER Prediction end(int64_t classes) const {
    return largest(mean, static_cast<int32_t>(classes));
  }
};

// If any softmax of a pixel is NaN, its probability is NaN and its label 0, as for PyTorch's argmax.
template <class Rule>
IABN_INLINE void fuse_row(const FusionRow& row, uint8_t* label, float* probability) {
  const int64_t classes = row.classes;
  alignas(64) float logits[kMaxClasses];
  Rule rule;
  for (int64_t x = 0; x < row.width; ++x) {
    rule.start(classes);
    bool defined = true;
    for (int64_t i = 0; i < row.count && defined; ++i) {
      const FusionSource source = row.sources[i];
      const Tap tap = source.taps[x];
      const float* first = source.row + tap.first * classes;
      const float* second = source.row + tap.second * classes;
      const float kept = 1.0f - tap.share;
      for (int64_t k = 0; k < classes; ++k) logits[k] = kept * first[k] + tap.share * second[k];
      const SoftmaxRow softmax = softmax_row(logits, classes);
      defined = softmax.sum == softmax.sum;
      if (defined) rule.add(logits, softmax, classes, i);
    }
    const Prediction fused = rule.end(classes);
    label[x] = defined ? static_cast<uint8_t>(fused.label) : uint8_t{0};
    probability[x] = defined ? fused.probability : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace iabn
