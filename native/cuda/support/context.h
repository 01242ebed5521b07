// What the kernels of one device share.
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
  Exchanges exchanges;            // beside it
  // Makes this the device of the calling thread.
  void use() const;
  // Returns when the stream has done all that it was given, or with its error. Throws where it waits for
  // processes of which one was lost.
  cudaError_t wait();
  // Opened at first use; each throws std::runtime_error with one sentence where the library is missing.
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
