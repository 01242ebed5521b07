// Geometry of replication padding.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "geometry/portable.h"
#include "program/kernel.h"

namespace iabn {

// One axis: padded position p repeats position p − before, clamped to the image.
struct PaddedAxis {
  int64_t inner, before, padded;

  IABN_PORTABLE_MEMBER int64_t nearest(int64_t p) const {
    const int64_t at = p - before;
    return at < 0 ? 0 : at < inner ? at : inner - 1;
  }
  // The padded positions that repeat `at`.
  IABN_PORTABLE_MEMBER int64_t first(int64_t at) const { return at == 0 ? 0 : at + before; }
  IABN_PORTABLE_MEMBER int64_t end(int64_t at) const { return at == inner - 1 ? padded : at + before + 1; }
};

struct PaddedImages {
  int64_t images, channels;
  PaddedAxis rows, columns;
  int64_t inner_pitch, padded_pitch;  // elements from pixel to pixel

  static PaddedImages from(const Attrs& attrs, const TensorDesc& inner, const TensorDesc& padded) {
    const auto padding = attrs.integers("padding");
    const bool images = inner.rank() == 4 && padded.rank() == 4 && inner.dims[0] == padded.dims[0] &&
                        inner.dims[1] == padded.dims[1] && inner.dtype == padded.dtype;
    if (!images || padding.size() != 4 || inner.dims[2] < 1 || inner.dims[3] < 1 ||
        padded.dims[2] != padding[0] + inner.dims[2] + padding[1] ||
        padded.dims[3] != padding[2] + inner.dims[3] + padding[3]) {
      throw std::invalid_argument("padding: expected images N,C,H,W of one dtype and their padded size");
    }
    return {inner.dims[0],
            inner.dims[1],
            {inner.dims[2], padding[0], padded.dims[2]},
            {inner.dims[3], padding[2], padded.dims[3]},
            inner.row_pitch(),
            padded.row_pitch()};
  }
};

}  // namespace iabn
