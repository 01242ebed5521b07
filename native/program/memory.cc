#include "program/memory.h"

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

}  // namespace iabn
