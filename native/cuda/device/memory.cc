#include "cuda/device/memory.h"

#include "cuda/support/cuda.h"

namespace iabn::cuda {
namespace {

std::string mebibytes(size_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

std::string too_little(const Context& context, size_t bytes) {
  size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  return "cuda:" + std::to_string(context.index) + " has " + mebibytes(free) + " of " + mebibytes(total) +
         " free but " + mebibytes(bytes) +
         " are needed: use a smaller batch, bfloat16 (network.precision), or end other programs on this "
         "device";
}

}  // namespace

DeviceMemory::DeviceMemory(std::shared_ptr<Context> context, size_t bytes)
    : Memory(bytes), context_(std::move(context)) {
  if (bytes == 0) return;
  context_->use();
  void* memory = nullptr;
  const cudaError_t code = cudaMalloc(&memory, bytes);
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it is reported here and must not be found again
    throw std::runtime_error(too_little(*context_, bytes));
  }
  check(code, "device memory");
  data_ = static_cast<uint8_t*>(memory);
  check(cudaMemset(data_, 0, bytes), "device memory");
}

DeviceMemory::~DeviceMemory() {
  if (data_) cudaFree(data_);
}

void DeviceMemory::read(size_t offset, size_t length, void* dst) const {
  const uint8_t* src = range(offset, length);
  if (length == 0) return;
  context_->use();
  check(cudaMemcpy(dst, src, length, cudaMemcpyDeviceToHost), "copy from the device");
}

void DeviceMemory::write(size_t offset, size_t length, const void* src) {
  uint8_t* dst = range(offset, length);
  if (length == 0) return;
  context_->use();
  check(cudaMemcpy(dst, src, length, cudaMemcpyHostToDevice), "copy to the device");
}

// Programs hold the block's address, so it cannot move and stays reserved.
void DeviceMemory::discard() {
  if (!data_) return;
  context_->use();
  check(cudaMemset(data_, 0, bytes_), "device memory");
}

}  // namespace iabn::cuda
