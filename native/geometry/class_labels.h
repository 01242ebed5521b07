// Labels of rows of logits.
#pragma once

#include <cstdint>

#include "geometry/portable.h"
#include "program/kernel.h"

namespace iabn {

// The label of each row, 32 bits wide, or 8 bits in label maps. Labels outside [0, classes) are ignored, like
// `ignore` itself.
struct Labels {
  const int32_t* wide;
  const uint8_t* bytes;  // nullptr: wide
  int64_t classes;
  int64_t ignore;

  IABN_PORTABLE_MEMBER int32_t at(int64_t row) const { return bytes == nullptr ? wide[row] : bytes[row]; }
  IABN_PORTABLE_MEMBER bool counted(int64_t row) const {
    const int64_t label = at(row);
    return label != ignore && label >= 0 && label < classes;
  }
};

// Reads operand 1.
inline Labels labels_of(const KernelArgs& args, DType dtype, int64_t classes, int64_t ignore) {
  if (dtype == DType::u8) return {nullptr, args.in<uint8_t>(1), classes, ignore};
  return {args.in<int32_t>(1), nullptr, classes, ignore};
}

}  // namespace iabn
