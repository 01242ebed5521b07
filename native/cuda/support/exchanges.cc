#include "cuda/support/exchanges.h"

#include "cuda/support/cuda.h"

namespace iabn::cuda {

Exchanges::~Exchanges() {
  for (auto& [data, exchange] : exchanges_) {
    cudaEventDestroy(exchange.begun);
    cudaEventDestroy(exchange.done);
  }
  if (stream_) cudaStreamDestroy(stream_);
}

void Exchanges::start(void* data, const std::function<void(cudaStream_t)>& enqueue) {
  if (!stream_) check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
  Exchange& exchange = exchanges_[data];
  if (!exchange.begun) {
    check(cudaEventCreateWithFlags(&exchange.begun, cudaEventDisableTiming), "an event");
    check(cudaEventCreateWithFlags(&exchange.done, cudaEventDisableTiming), "an event");
  }
  check(cudaEventRecord(exchange.begun, compute_), "an event");
  check(cudaStreamWaitEvent(stream_, exchange.begun, 0), "an event");
  enqueue(stream_);
  check(cudaEventRecord(exchange.done, stream_), "an event");
  exchange.pending = true;
}

void Exchanges::finish(void* data) {
  const auto found = exchanges_.find(data);
  if (found == exchanges_.end() || !found->second.pending) return;
  check(cudaStreamWaitEvent(compute_, found->second.done, 0), "an event");
  found->second.pending = false;
}

void Exchanges::finish_all() {
  for (auto& [data, exchange] : exchanges_) finish(data);
}

}  // namespace iabn::cuda
