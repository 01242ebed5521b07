// Where the parts of a kernel's workspace lie.
#pragma once

#include <cstddef>

namespace iabn {

// Lays out the parts of a kernel's workspace, each aligned to a cache line.
class WorkspaceLayout {
 public:
  // Returns the offset of a new part.
  size_t add(size_t bytes) {
    const size_t offset = bytes_;
    bytes_ += (bytes + 63) / 64 * 64;
    return offset;
  }
  size_t bytes() const { return bytes_; }

  template <class T = void>
  static T* at(void* workspace, size_t offset) {
    return static_cast<T*>(static_cast<void*>(static_cast<char*>(workspace) + offset));
  }

 private:
  size_t bytes_ = 0;
};

}  // namespace iabn
