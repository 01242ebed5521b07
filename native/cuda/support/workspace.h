// Parts of a kernel's workspace, each aligned.
#pragma once

#include <cstddef>

namespace iabn::cuda {

class Workspace {
 public:
  // Returns the offset of a new part of `bytes`.
  size_t add(size_t bytes) {
    constexpr size_t kAlignment = 256;
    const size_t begin = bytes_;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return begin;
  }
  size_t bytes() const { return bytes_; }
  template <class T = void>
  static T* at(void* workspace, size_t offset) {
    return reinterpret_cast<T*>(static_cast<char*>(workspace) + offset);
  }

 private:
  size_t bytes_ = 0;
};

}  // namespace iabn::cuda
