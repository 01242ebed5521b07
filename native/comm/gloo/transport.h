// Gloo's TCP transport, with an abort that reaches every wait.
//
// Where a connection closes, Gloo wakes what waits for a message that is still queued, but not for one of
// which a part was sent or received already (tcp::Pair::signalException leaves out rx_.ubuf and the ubuf of
// tx_). Whoever waits for the rest of that one waits until the collective times out: after a wire was cut in
// the middle of a message, half an hour.
#pragma once

#include <gloo/transport/tcp/context.h>
#include <gloo/transport/tcp/device.h>
#include <gloo/transport/unbound_buffer.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace iabn {

class Transport : public gloo::transport::tcp::Context {
 public:
  Transport(std::shared_ptr<gloo::transport::tcp::Device> device, int rank, int size);

  std::unique_ptr<gloo::transport::UnboundBuffer> createUnboundBuffer(void* data, size_t bytes) override;

  // Closes all connections and ends whatever waits, now and later, with `reason`. From any thread.
  void abort(const std::string& reason);

 private:
  class Buffer;

  std::string reason();

  std::mutex mutex_;
  std::set<Buffer*> buffers_;
  std::string reason_;
};

}  // namespace iabn
