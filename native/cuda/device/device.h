// A CUDA device, as programs see it.
#pragma once

#include "cuda/support/context.h"
#include "program/device.h"

namespace iabn::cuda {

class CudaDevice : public Device {
 public:
  explicit CudaDevice(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  std::shared_ptr<Memory> allocate(size_t bytes) override;
  MadeKernel make_kernel(const KernelSpec& spec) override;
  std::unique_ptr<Executor> load(std::vector<Step> steps) override;
  size_t available_bytes() override;

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace iabn::cuda
