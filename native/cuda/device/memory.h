// Device memory as a program's block.
#pragma once

#include "cuda/support/context.h"
#include "program/memory.h"

namespace iabn::cuda {

class DeviceMemory : public Memory {
 public:
  // Zero-filled. Throws std::runtime_error with the requested and available bytes.
  DeviceMemory(std::shared_ptr<Context> context, size_t bytes);
  ~DeviceMemory() override;
  bool on_host() const override { return false; }
  void read(size_t offset, size_t length, void* dst) const override;
  void write(size_t offset, size_t length, const void* src) override;
  void discard() override;

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace iabn::cuda
