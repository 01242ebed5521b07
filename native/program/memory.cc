#include "program/memory.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace iabn {

uint8_t* Memory::range(size_t offset, size_t length) const {
  if (offset > bytes_ || length > bytes_ - offset) {
    throw std::out_of_range("bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) +
                            " lie outside a block of " + std::to_string(bytes_));
  }
  return data_ + offset;
}

void HostMemory::read(size_t offset, size_t length, void* dst) const {
  const uint8_t* src = range(offset, length);
  if (length > 0) std::memcpy(dst, src, length);
}

void HostMemory::write(size_t offset, size_t length, const void* src) {
  uint8_t* dst = range(offset, length);
  if (length > 0) std::memcpy(dst, src, length);
}

}  // namespace iabn
