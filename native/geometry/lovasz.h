// Rows in the order of their errors |[label = k] − p_k|, for the Lovász-softmax loss of a class k.
#pragma once

#include <cstdint>
#include <cstring>

#include "geometry/portable.h"

namespace iabn {

// From the highest bit: 31 bits in the order of errors, the largest first and NaN before all; whether p is
// above its target; 31 bits of the row; whether its label is the class. A stable sort by the first 31 bits
// orders ties by row.
using LovaszEntry = uint64_t;

constexpr int kLovaszShift = 33;  // of the bits to sort by
constexpr int kLovaszBits = 31;
constexpr uint32_t kLovaszNan = 0x7f800001u;  // behind the bits of +∞
constexpr uint32_t kLovaszLast = 0x7fffffffu;

IABN_PORTABLE LovaszEntry lovasz_entry(float p, int64_t row, bool own) {
  const float error = (own ? 1.0f : 0.0f) - p;
  uint32_t bits = 0;
  std::memcpy(&bits, &error, sizeof(bits));
  const uint32_t size = error != error ? kLovaszNan : bits & 0x7fffffffu;
  const uint64_t key = kLovaszNan - size, above = bits >> 31;
  return key << kLovaszShift | above << 32 | static_cast<uint64_t>(row) << 1 | (own ? 1u : 0u);
}

// Of a row that does not count: behind all others.
IABN_PORTABLE LovaszEntry lovasz_ignored() { return static_cast<uint64_t>(kLovaszLast) << kLovaszShift; }
IABN_PORTABLE bool lovasz_counts(LovaszEntry entry) { return entry >> kLovaszShift != kLovaszLast; }
IABN_PORTABLE bool lovasz_own(LovaszEntry entry) { return (entry & 1u) != 0; }
IABN_PORTABLE int64_t lovasz_row(LovaszEntry entry) { return static_cast<int64_t>(entry >> 1 & 0x7fffffffu); }

IABN_PORTABLE float lovasz_error(LovaszEntry entry) {
  const uint32_t bits = kLovaszNan - static_cast<uint32_t>(entry >> kLovaszShift);
  float error = 0.0f;
  std::memcpy(&error, &bits, sizeof(error));
  return error;
}

// d|[label = k] − p|/dp; NaN of a NaN, 0 of an error of 0.
IABN_PORTABLE float lovasz_sign(LovaszEntry entry) {
  const float error = lovasz_error(entry);
  if (!(error > 0.0f)) return error;
  return (entry >> 32 & 1u) != 0 ? 1.0f : -1.0f;
}

// Of the rows not yet passed: those of the class, and the union of those with all that were passed.
struct LovaszWalk {
  double left;
  double united;

  // Starts where `passed` rows, `own` of them of the class, of all its rows lie behind.
  IABN_PORTABLE_MEMBER static LovaszWalk at(int64_t passed, int64_t own, int64_t all) {
    return {static_cast<double>(all - own), static_cast<double>(all + passed - own)};
  }
  // J_r − J_{r−1} of the next row, with J = 1 − left/united.
  IABN_PORTABLE_MEMBER double step(bool own) {
    if (own) {
      left -= 1.0;
      return 1.0 / united;
    }
    const double before = united;
    united += 1.0;
    return before == 0.0 ? 1.0 : left / (before * united);
  }
};

}  // namespace iabn
