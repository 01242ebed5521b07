#include <sys/mman.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "program/memory.h"

namespace iabn {

HostMemory::HostMemory(size_t bytes) : Memory(bytes) {
  if (bytes == 0) return;
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::runtime_error("the system cannot allocate " + std::to_string(bytes) +
                             " bytes of memory: use smaller batches or images, or a memory budget");
  }
  madvise(mapped, bytes, MADV_HUGEPAGE);  // advice only: small pages work, slower
  data_ = static_cast<uint8_t*>(mapped);
}

HostMemory::~HostMemory() {
  if (data_) munmap(data_, bytes_);
}

void HostMemory::read(size_t offset, size_t length, void* dst) const {
  const uint8_t* src = range(offset, length);
  if (length > 0) std::memcpy(dst, src, length);
}

void HostMemory::write(size_t offset, size_t length, const void* src) {
  uint8_t* dst = range(offset, length);
  if (length > 0) std::memcpy(dst, src, length);
}

void HostMemory::discard() {
  if (data_) madvise(data_, bytes_, MADV_DONTNEED);
}

}  // namespace iabn
