// A mesh of TCP connections between the processes of a group, and Gloo's collectives over it. One at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace iabn {

// What the processes tell each other before they connect: for each peer the address that awaits it.
using Addresses = std::vector<std::vector<char>>;

enum class SumType : uint8_t { f32, f64, i32 };

inline size_t sum_type_size(SumType type) { return type == SumType::f64 ? 8 : 4; }

class Lane {
 public:
  // Opens a port of `hostname` (an address of this machine; empty: its name's) for every peer.
  Lane(const std::string& hostname, int rank, int size, std::chrono::milliseconds connect_timeout);

  // The own addresses, by peer; that of this process is empty.
  Addresses addresses() const;
  // `peers[i]`: the address that process i opened for this one. Blocks until all are connected.
  void connect(const Addresses& peers);

  // Each throws std::runtime_error when a peer is lost, or does nothing for `timeout`; then the lane is dead.
  // Σ over the processes, in place, the same bits on all of them. float32, float64 and int32.
  void all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout);
  // `gathered`: size × bytes.
  void all_gather(const void* src, void* gathered, size_t bytes, std::chrono::milliseconds timeout);
  void broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout);
  void barrier(std::chrono::milliseconds timeout);

  // Ends whatever waits on the lane, now and later. From any thread.
  void abort(const std::string& reason);

 private:
  class Mesh;
  std::shared_ptr<Mesh> mesh_;
};

}  // namespace iabn
