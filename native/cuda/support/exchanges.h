// Sums over processes that overlap with kernels, on a separate stream between two events.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <map>

namespace iabn::cuda {

class Exchanges {
 public:
  // `compute`: the stream of the kernels that produce and consume the data.
  explicit Exchanges(cudaStream_t compute) : compute_(compute) {}
  ~Exchanges();
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // Runs enqueue(stream) after the compute stream's pending work, without blocking it.
  void start(void* data, const std::function<void(cudaStream_t)>& enqueue);
  // Makes the compute stream wait for the exchange of `data`.
  void finish(void* data);
  // The same for all pending exchanges: a captured graph must finish what it started.
  void finish_all();

 private:
  struct Exchange {
    cudaEvent_t begun = nullptr, done = nullptr;
    bool pending = false;
  };

  cudaStream_t compute_;
  cudaStream_t stream_ = nullptr;
  std::map<void*, Exchange> exchanges_;
};

}  // namespace iabn::cuda
