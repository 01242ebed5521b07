#include "cuda/support/context.h"

#include "cuda/libraries/cublaslt.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/libraries/nccl.h"
#include "cuda/support/cuda.h"

namespace iabn::cuda {

Context::Context(int index_, const PluginOptions& options_, PluginHost* host_)
    : index(index_), options(options_), host(host_) {
  use();
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "the properties of the device");
  name = properties.name;
  multiprocessors = properties.multiProcessorCount;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
}

Context::~Context() {
  cudnn_.reset();
  cublaslt_.reset();
  nccl_.reset();
  if (stream) cudaStreamDestroy(stream);
}

void Context::use() const { check(cudaSetDevice(index), "the device"); }

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
