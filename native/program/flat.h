// How tensors lie in a flat vector: each at a multiple of 16 4-byte elements.
#pragma once

#include <cstddef>
#include <vector>

namespace iabn {

// Where each of the tensors of so many bytes begins, and where the last ends with its gap: one more than
// tensors.
inline std::vector<size_t> flat_begins(const std::vector<size_t>& bytes) {
  constexpr size_t kAlignment = 64;
  std::vector<size_t> begins = {0};
  for (size_t length : bytes)
    begins.push_back(begins.back() + (length + kAlignment - 1) / kAlignment * kAlignment);
  return begins;
}

}  // namespace iabn
