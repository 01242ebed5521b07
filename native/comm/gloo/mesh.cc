#include <gloo/allgather.h>
#include <gloo/allreduce.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/common/error.h>
#include <gloo/math.h>
#include <gloo/transport/address.h>
#include <gloo/transport/tcp/device.h>

#include <stdexcept>

#include "comm/gloo/parts.h"
#include "comm/gloo/transport.h"
#include "comm/lane.h"

namespace iabn {
namespace {

namespace tcp = gloo::transport::tcp;

// Two segments per peer are in flight at a time, and messages of the prompt lane queue behind them in the
// network. With Gloo's default of 1 MB each, every synchronized layer would wait 20 ms on a 1 Gbit/s link.
constexpr size_t kSegmentBytes = 128 * 1024;

// Strips the source location that Gloo puts in front of its messages.
std::string plain(const std::string& message) {
  const size_t end = message.rfind("] ", message.find(' '));
  const bool placed = message.rfind('[', 0) == 0 && message.find(".cc:") < end;
  return placed && end != std::string::npos ? message.substr(message.find("] ") + 2) : message;
}

template <class Run>
void checked(const Run& run) {
  try {
    run();
  } catch (const gloo::Exception& failure) {
    throw std::runtime_error(plain(failure.what()));
  }
}

class Context : public gloo::Context {
 public:
  explicit Context(const LaneOptions& options) : gloo::Context(options.rank, options.size) {
    tcp::attr attr;
    attr.hostname = options.hostname;
    device_ = tcp::CreateDevice(attr);
    transportContext_ =
        std::make_shared<Transport>(std::static_pointer_cast<tcp::Device>(device_), rank, size);
    // A pair waits five times this long for its connection.
    transportContext_->setTimeout(options.connect_timeout / 5);
    for (int peer = 0; peer < size; ++peer) {
      if (peer != rank) transportContext_->createPair(peer);
    }
  }

  std::vector<char> address(int peer) { return transportContext_->getPair(peer)->address().bytes(); }
  void connect(int peer, const std::vector<char>& address) {
    transportContext_->getPair(peer)->connect(address);
  }
  void abort(const std::string& reason) { static_cast<Transport&>(*transportContext_).abort(reason); }
};

template <class T>
void reduce(gloo::AllreduceOptions& options, void* data, size_t elements) {
  options.setOutput(static_cast<T*>(data), elements);
  void (*sum)(void*, const void*, const void*, size_t) = &gloo::sum<T>;
  options.setReduceFunction(sum);
}

class GlooMesh : public Mesh {
 public:
  explicit GlooMesh(const LaneOptions& options) {
    checked([&] { context_ = std::make_shared<Context>(options); });
  }

  Addresses addresses() const override;
  void connect(const Addresses& peers) override;
  void all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) override;
  void all_gather(const void* src, void* gathered, size_t bytes, std::chrono::milliseconds timeout) override;
  void broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) override;
  void barrier(std::chrono::milliseconds timeout) override;
  void reduce_scatter(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) override;
  void gather_parts(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) override;
  void abort(const std::string& reason) override { context_->abort(reason); }

 private:
  std::shared_ptr<Context> context_;
};

Addresses GlooMesh::addresses() const {
  Addresses own(static_cast<size_t>(context_->size));
  for (int peer = 0; peer < context_->size; ++peer) {
    if (peer != context_->rank) own[static_cast<size_t>(peer)] = context_->address(peer);
  }
  return own;
}

void GlooMesh::connect(const Addresses& peers) {
  checked([&] {
    for (int peer = 0; peer < context_->size; ++peer) {
      if (peer != context_->rank) context_->connect(peer, peers.at(static_cast<size_t>(peer)));
    }
  });
}

void GlooMesh::all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) {
  if (elements == 0 || context_->size == 1) return;
  checked([&] {
    gloo::AllreduceOptions options(context_);
    options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
    options.setTimeout(timeout);
    options.setMaxSegmentSize(kSegmentBytes);
    switch (type) {
      case SumType::f32:
        reduce<float>(options, data, elements);
        break;
      case SumType::f64:
        reduce<double>(options, data, elements);
        break;
      case SumType::i32:
        reduce<int32_t>(options, data, elements);
        break;
    }
    gloo::allreduce(options);
  });
}

void GlooMesh::all_gather(const void* src, void* gathered, size_t bytes, std::chrono::milliseconds timeout) {
  if (bytes == 0) return;
  checked([&] {
    gloo::AllgatherOptions options(context_);
    options.setTimeout(timeout);
    options.setInput(static_cast<uint8_t*>(const_cast<void*>(src)), bytes);
    options.setOutput(static_cast<uint8_t*>(gathered), bytes * static_cast<size_t>(context_->size));
    gloo::allgather(options);
  });
}

void GlooMesh::broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) {
  if (bytes == 0 || context_->size == 1) return;
  checked([&] {
    gloo::BroadcastOptions options(context_);
    options.setTimeout(timeout);
    options.setRoot(root);
    options.setOutput(static_cast<uint8_t*>(data), bytes);
    gloo::broadcast(options);
  });
}

void GlooMesh::barrier(std::chrono::milliseconds timeout) {
  checked([&] {
    gloo::BarrierOptions options(context_);
    options.setTimeout(timeout);
    gloo::barrier(options);
  });
}

void GlooMesh::reduce_scatter(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) {
  if (elements > 0) checked([&] { iabn::reduce_scatter(context_, data, elements, type, timeout); });
}

void GlooMesh::gather_parts(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) {
  if (elements > 0) checked([&] { iabn::gather_parts(context_, data, elements, type, timeout); });
}

}  // namespace
}  // namespace iabn

extern "C" __attribute__((visibility("default"))) iabn::Mesh* iabn_gloo_mesh(
    const iabn::LaneOptions* options) {
  return new iabn::GlooMesh(*options);
}
