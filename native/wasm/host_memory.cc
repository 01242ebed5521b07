#include <cstdlib>
#include <cstring>
#include <string>

#include "wasm/linear_memory.h"

namespace iabn {
namespace {

// A cache line, as kernels expect of dense tensors.
constexpr size_t kAlignment = 64;

uint8_t* zeros(size_t bytes) {
  if (bytes == 0) return nullptr;
  const size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = whole < bytes ? nullptr : std::aligned_alloc(kAlignment, whole);
  if (data == nullptr) {
    throw OutOfMemory("WebAssembly, which has at most 4 GB, cannot allocate " + std::to_string(bytes) +
                      " bytes of memory: use smaller batches or images, or a memory budget");
  }
  std::memset(data, 0, whole);
  return static_cast<uint8_t*>(data);
}

}  // namespace

HostMemory::HostMemory(size_t bytes) : Memory(bytes) { data_ = zeros(bytes); }

HostMemory::~HostMemory() { std::free(data_); }

// zeros() has written it.
void HostMemory::populate(size_t offset, size_t length) { range(offset, length); }

void HostMemory::discard() {
  if (data_) std::memset(data_, 0, bytes_);
}

void LinearMemory::discard() {
  std::free(data_);
  data_ = nullptr;
}

void LinearMemory::renew() {
  if (data_ == nullptr) data_ = zeros(bytes_);
}

}  // namespace iabn
