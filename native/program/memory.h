// A block of device memory that lives as long as anyone refers to it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace iabn {

class Memory {
 public:
  // Zero-filled, page-aligned, on huge pages where the system grants them. Throws std::bad_alloc.
  explicit Memory(size_t bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  size_t bytes() const { return bytes_; }
  uint8_t* data() const { return data_; }
  // Throws std::out_of_range unless [offset, offset + length) lies inside.
  uint8_t* range(size_t offset, size_t length) const;
  // Gives the pages back to the system; the block stays, and reads as zeros.
  void discard();

 private:
  size_t bytes_;
  uint8_t* data_ = nullptr;
};

}  // namespace iabn
