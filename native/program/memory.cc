#include "program/memory.h"

#include <sys/mman.h>

#include <new>
#include <stdexcept>
#include <string>

namespace iabn {

Memory::Memory(size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  madvise(mapped, bytes, MADV_HUGEPAGE);  // advice only: small pages work, slower
  data_ = static_cast<uint8_t*>(mapped);
}

Memory::~Memory() {
  if (data_) munmap(data_, bytes_);
}

void Memory::discard() {
  if (data_) madvise(data_, bytes_, MADV_DONTNEED);
}

uint8_t* Memory::range(size_t offset, size_t length) const {
  if (offset > bytes_ || length > bytes_ - offset) {
    throw std::out_of_range("bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) +
                            " lie outside a block of " + std::to_string(bytes_));
  }
  return data_ + offset;
}

}  // namespace iabn
