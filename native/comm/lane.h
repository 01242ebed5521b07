// A mesh of TCP connections between the processes of a group, and collectives over it. One at a time.
// Gloo implements it in a library of its own, which is loaded when processes meet.
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
  virtual ~Lane() = default;

  // The own addresses, by peer; that of this process is empty.
  virtual Addresses addresses() const = 0;
  // `peers[i]`: the address that process i opened for this one. Blocks until all are connected.
  virtual void connect(const Addresses& peers) = 0;

  // Each throws std::runtime_error when a peer is lost, or does nothing for `timeout`; then the lane is dead.
  // Σ over the processes, in place, the same bits on all of them. float32, float64 and int32.
  virtual void all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) = 0;
  // `gathered`: size × bytes.
  virtual void all_gather(const void* src, void* gathered, size_t bytes,
                          std::chrono::milliseconds timeout) = 0;
  virtual void broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) = 0;
  virtual void barrier(std::chrono::milliseconds timeout) = 0;

  // Ends whatever waits on the lane, now and later. From any thread.
  virtual void abort(const std::string& reason) = 0;
};

struct LaneOptions {
  std::string hostname;  // an address of this machine; empty: its name's
  int rank = 0;
  int size = 1;
  std::chrono::milliseconds connect_timeout{0};
};

// Opens a port for every peer. Throws std::runtime_error, also where the library cannot be loaded.
std::unique_ptr<Lane> open_lane(const LaneOptions& options);

}  // namespace iabn

// Exported by the library.
extern "C" iabn::Lane* iabn_gloo_lane(const iabn::LaneOptions* options);
