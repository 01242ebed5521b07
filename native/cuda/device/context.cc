#include "cuda/support/context.h"

#include <chrono>
#include <thread>

#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/nccl.h"
#include "cuda/support/cuda.h"

namespace iabn::cuda {
namespace {

cudaStream_t stream_on(int device) {
  check(cudaSetDevice(device), "the device");
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
  return stream;
}

}  // namespace

Context::Context(int index_, const PluginOptions& options_, PluginHost* host_)
    : index(index_), options(options_), host(host_), stream(stream_on(index_)), exchanges(stream) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "the properties of the device");
  name = properties.name;
  multiprocessors = properties.multiProcessorCount;
}

Context::~Context() {
  cudnn_.reset();
  cublaslt_.reset();
  nccl_.reset();
  if (stream) cudaStreamDestroy(stream);
}

void Context::use() const { check(cudaSetDevice(index), "the device"); }

cudaError_t Context::wait() {
  if (!nccl_ || !nccl_->in_use()) return cudaStreamSynchronize(stream);
  constexpr auto kPause = std::chrono::microseconds(20);
  constexpr int kPausesBetweenLooks = 500;
  for (int turn = 1;; ++turn) {
    const cudaError_t code = cudaStreamQuery(stream);
    if (code != cudaErrorNotReady) return code;
    if (turn % kPausesBetweenLooks == 0) nccl_->check_groups();
    std::this_thread::sleep_for(kPause);
  }
}

Cudnn& Context::cudnn() {
  if (!cudnn_) cudnn_ = std::make_unique<Cudnn>(stream);
  return *cudnn_;
}

CublasLt& Context::cublaslt() {
  if (!cublaslt_) cublaslt_ = std::make_unique<CublasLt>();
  return *cublaslt_;
}

Nccl& Context::nccl() {
  if (!nccl_) nccl_ = std::make_unique<Nccl>(host);
  return *nccl_;
}

}  // namespace iabn::cuda
