// Host memory that the device accesses at its own address.
#pragma once

#include <cstddef>

#include "cuda/support/cuda.h"

namespace iabn::cuda {

template <class T>
class Pinned {
 public:
  explicit Pinned(size_t count) {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, count * sizeof(T)), "pinned host memory");
    data_ = static_cast<T*>(memory);
  }
  ~Pinned() { cudaFreeHost(data_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

}  // namespace iabn::cuda
