// How pairs of images are mixed.
#pragma once

#include <cstdint>

#include "geometry/portable.h"

namespace iabn {

// Image n and its partner: inside the box the partner's pixels; without a box share·own + (1 − share)·other.
struct ImageMix {
  int64_t other;  // The image's own index: not mixed.
  float share;
  int32_t top, left, bottom, right;

  IABN_PORTABLE_MEMBER bool inside(int64_t row, int64_t column) const {
    return row >= top && row < bottom && column >= left && column < right;
  }
};

IABN_PORTABLE ImageMix image_mix(int64_t n, int64_t images, const int32_t* partners, const float* lambda,
                                 const int32_t* boxes) {
  const int32_t* box = boxes + 4 * n;
  const bool boxed = box[2] > box[0] && box[3] > box[1];
  const bool there = partners[n] >= 0 && partners[n] < images;
  const float share = boxed || !there ? 1.0f : lambda[n];
  return {there ? partners[n] : n, share, box[0], box[1], box[2], box[3]};
}

}  // namespace iabn
