// Sums over processes that are under way while kernels run: on a stream of their own, between two events.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <map>

namespace iabn::cuda {

class Exchanges {
 public:
  // `compute`: the stream of the kernels that make the data and that read it.
  explicit Exchanges(cudaStream_t compute) : compute_(compute) {}
  ~Exchanges();
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  // Runs enqueue(stream) after what the compute stream has to do so far; the stream goes on.
  void start(void* data, const std::function<void(cudaStream_t)>& enqueue);
  // What follows on the compute stream waits for the exchange of `data`.
  void finish(void* data);
  // The same for all that are under way: a captured graph must not end before what it began.
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
