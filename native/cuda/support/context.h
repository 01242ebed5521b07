// State shared by the kernels of one device.
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <string>

#include "cuda/support/exchanges.h"
#include "program/plugin.h"

namespace iabn::cuda {

class Cudnn;
class CublasLt;
class Nccl;

struct Context {
  int index = 0;
  std::string name;  // "NVIDIA H100 80GB HBM3"
  int multiprocessors = 1;
  PluginOptions options;
  PluginHost* host = nullptr;
  cudaStream_t stream = nullptr;  // of all kernels
  Exchanges exchanges;            // overlap with it
  // Makes this the calling thread's device.
  void use() const;
  // Waits for the stream and returns its error. Throws if it waits for a lost process.
  cudaError_t wait();
  // Opened on first use; each throws std::runtime_error with one sentence if the library is missing.
  Cudnn& cudnn();
  CublasLt& cublaslt();
  Nccl& nccl();

  Context(int index, const PluginOptions& options, PluginHost* host);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  std::unique_ptr<Cudnn> cudnn_;
  std::unique_ptr<CublasLt> cublaslt_;
  std::unique_ptr<Nccl> nccl_;
};

}  // namespace iabn::cuda
