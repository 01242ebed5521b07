// Gloo's TCP transport with an abort that reaches every wait.
//
// When a connection closes, Gloo wakes waits for queued messages, but not for a message that is partly sent
// or received (tcp::Pair::signalException omits rx_.ubuf and the ubuf of tx_). A wait for the rest of such a
// message lasts until the collective times out: half an hour, if a wire was cut in the middle of a message.
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

  // Closes all connections and ends every pending and future wait with `reason`. Thread-safe.
  void abort(const std::string& reason);

 private:
  class Buffer;

  std::string reason();

  std::mutex mutex_;
  std::set<Buffer*> buffers_;
  std::string reason_;
};

}  // namespace iabn
