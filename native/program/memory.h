// A block of device memory that lives as long as anyone refers to it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace iabn {

class Memory {
 public:
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  size_t bytes() const { return bytes_; }
  // Throws std::out_of_range unless [offset, offset + length) lies inside. The address is the device's.
  uint8_t* range(size_t offset, size_t length) const;
  // Whether range() gives addresses that the host may follow.
  virtual bool on_host() const = 0;
  // Copies between the block and the host, after what runs on the device; throw as range() does.
  virtual void read(size_t offset, size_t length, void* dst) const = 0;
  virtual void write(size_t offset, size_t length, const void* src) = 0;
  // Gives the memory back to the system where it can; the block stays, and reads as zeros.
  virtual void discard() = 0;

 protected:
  explicit Memory(size_t bytes) : bytes_(bytes) {}

  size_t bytes_;
  uint8_t* data_ = nullptr;
};

// Zero-filled, page-aligned, on huge pages where the system grants them.
class HostMemory : public Memory {
 public:
  // Throws std::runtime_error with the bytes where the system has too few.
  explicit HostMemory(size_t bytes);
  ~HostMemory() override;
  bool on_host() const override { return true; }
  void read(size_t offset, size_t length, void* dst) const override;
  void write(size_t offset, size_t length, const void* src) override;
  void discard() override;
};

}  // namespace iabn
