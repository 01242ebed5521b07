// A reference-counted block of device memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace iabn {

// The system refuses memory: a limit of the process or the machine is reached.
class OutOfMemory : public std::runtime_error {
 public:
  // By which JavaScript tells it from other errors.
  static constexpr const char* kCode = "OUT_OF_MEMORY";
  using std::runtime_error::runtime_error;
};

class Memory {
 public:
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  size_t bytes() const { return bytes_; }
  // Throws std::out_of_range unless [offset, offset + length) is inside the block. The address is the
  // device's.
  uint8_t* range(size_t offset, size_t length) const;
  // True if the host can dereference the addresses from range().
  virtual bool on_host() const = 0;
  // Copies between the block and the host, after the device's pending work. Throw like range().
  virtual void read(size_t offset, size_t length, void* dst) const = 0;
  virtual void write(size_t offset, size_t length, const void* src) = 0;
  // Backs [offset, offset + length) with memory, so that no later access can find the system without any.
  // Keeps the content. Throws OutOfMemory, or std::out_of_range like range().
  virtual void populate(size_t offset, size_t length) { range(offset, length); }
  // Returns the memory to the system where possible; the block stays valid and reads as zeros.
  virtual void discard() = 0;

 protected:
  explicit Memory(size_t bytes) : bytes_(bytes) {}

  size_t bytes_;
  uint8_t* data_ = nullptr;
};

// Zero-filled, page-aligned, on huge pages if the system grants them.
class HostMemory : public Memory {
 public:
  // Throws OutOfMemory with the number of bytes if the system has too little memory.
  explicit HostMemory(size_t bytes);
  ~HostMemory() override;
  bool on_host() const override { return true; }
  void read(size_t offset, size_t length, void* dst) const override;
  void write(size_t offset, size_t length, const void* src) override;
  void populate(size_t offset, size_t length) override;
  void discard() override;
};

}  // namespace iabn
