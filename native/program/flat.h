// Layout of tensors in a flat vector: each starts at a multiple of 16 4-byte elements.
#pragma once

#include <cstddef>
#include <vector>

namespace iabn {

// The start of each tensor, given the sizes in bytes, followed by the aligned end of the last one.
inline std::vector<size_t> flat_begins(const std::vector<size_t>& bytes) {
  constexpr size_t kAlignment = 64;
  std::vector<size_t> begins = {0};
  for (size_t length : bytes)
    begins.push_back(begins.back() + (length + kAlignment - 1) / kAlignment * kAlignment);
  return begins;
}

}  // namespace iabn
