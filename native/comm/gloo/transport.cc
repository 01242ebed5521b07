#include "comm/gloo/transport.h"

#include <gloo/common/error.h>

#include <utility>

namespace iabn {

// A Gloo buffer, registered with its transport during its lifetime.
class Transport::Buffer : public gloo::transport::UnboundBuffer {
 public:
  Buffer(Transport& transport, std::unique_ptr<gloo::transport::UnboundBuffer> inner)
      : gloo::transport::UnboundBuffer(inner->ptr, inner->size),
        transport_(transport),
        inner_(std::move(inner)) {
    std::lock_guard<std::mutex> lock(transport_.mutex_);
    transport_.buffers_.insert(this);
  }
  ~Buffer() override {
    std::lock_guard<std::mutex> lock(transport_.mutex_);
    transport_.buffers_.erase(this);
  }

  bool waitRecv(int* rank, std::chrono::milliseconds timeout) override {
    return unless_aborted(inner_->waitRecv(rank, timeout));
  }
  bool waitSend(int* rank, std::chrono::milliseconds timeout) override {
    return unless_aborted(inner_->waitSend(rank, timeout));
  }
  void abortWaitRecv() override { inner_->abortWaitRecv(); }
  void abortWaitSend() override { inner_->abortWaitSend(); }
  void send(int to, uint64_t slot, size_t offset, size_t bytes) override {
    inner_->send(to, slot, offset, bytes);
  }
  void recv(int from, uint64_t slot, size_t offset, size_t bytes) override {
    inner_->recv(from, slot, offset, bytes);
  }
  void recv(std::vector<int> from, uint64_t slot, size_t offset, size_t bytes) override {
    inner_->recv(std::move(from), slot, offset, bytes);
  }

 private:
  // Gloo's collectives do not check whether a wait ended without its message.
  bool unless_aborted(bool complete) {
    if (!complete) throw gloo::IoException(transport_.reason());
    return complete;
  }

  Transport& transport_;
  std::unique_ptr<gloo::transport::UnboundBuffer> inner_;
};

Transport::Transport(std::shared_ptr<gloo::transport::tcp::Device> device, int rank, int size)
    : gloo::transport::tcp::Context(std::move(device), rank, size) {}

std::unique_ptr<gloo::transport::UnboundBuffer> Transport::createUnboundBuffer(void* data, size_t bytes) {
  return std::make_unique<Buffer>(*this, gloo::transport::tcp::Context::createUnboundBuffer(data, bytes));
}

void Transport::abort(const std::string& reason) {
  // First stop every connection from accepting messages, then end those in progress.
  signalException(reason);
  std::lock_guard<std::mutex> lock(mutex_);
  if (reason_.empty()) reason_ = reason;
  for (Buffer* buffer : buffers_) {
    buffer->abortWaitRecv();
    buffer->abortWaitSend();
  }
}

std::string Transport::reason() {
  std::lock_guard<std::mutex> lock(mutex_);
  return reason_;
}

}  // namespace iabn
