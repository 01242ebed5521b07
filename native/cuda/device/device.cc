#include "cuda/device/device.h"

#include "cuda/device/executor.h"
#include "cuda/device/memory.h"
#include "cuda/support/cuda.h"
#include "cuda/support/registry.h"

namespace iabn::cuda {

std::shared_ptr<Memory> CudaDevice::allocate(size_t bytes) {
  return std::make_shared<DeviceMemory>(context_, bytes);
}

MadeKernel CudaDevice::make_kernel(const KernelSpec& spec) {
  context_->use();
  return cuda::make_kernel(spec, *context_);
}

std::unique_ptr<Executor> CudaDevice::load(std::vector<Step> steps) {
  context_->use();
  return std::make_unique<StreamExecutor>(context_, std::move(steps));
}

size_t CudaDevice::available_bytes() {
  context_->use();
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "the memory of the device");
  return free;
}

}  // namespace iabn::cuda
