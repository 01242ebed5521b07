// Connections between the processes of a group, with collectives that run one at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace iabn {

// Exchanged before processes connect: the address on which each peer is expected.
using Addresses = std::vector<std::vector<char>>;

enum class SumType : uint8_t { f32, f64, i32 };

inline size_t sum_type_size(SumType type) { return type == SumType::f64 ? 8 : 4; }

class Lane {
 public:
  virtual ~Lane() = default;

  // This process's addresses, by peer; its own entry is empty.
  virtual Addresses addresses() const = 0;
  // `peers[i]`: the address that process i opened for this one. Blocks until all are connected.
  virtual void connect(const Addresses& peers) = 0;

  // Each throws std::runtime_error if a peer is lost or makes no progress for `timeout`; the lane is then
  // unusable. all_reduce sums float32, float64 or int32 in place, bit-identically on all processes.
  virtual void all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) = 0;
  // `gathered`: size × bytes.
  virtual void all_gather(const void* src, void* gathered, size_t bytes,
                          std::chrono::milliseconds timeout) = 0;
  virtual void broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) = 0;
  virtual void barrier(std::chrono::milliseconds timeout) = 0;

  // Ends every pending and future wait on the lane. Thread-safe.
  virtual void abort(const std::string& reason) = 0;
};

// A range of a vector.
struct Part {
  size_t begin;
  size_t count;
};

// The part of process `index` in a vector that `size` processes divide: equal parts, but the last ones may
// have fewer elements, or none.
inline Part part_of(size_t elements, int size, int index) {
  const size_t each = (elements + static_cast<size_t>(size) - 1) / static_cast<size_t>(size);
  const size_t begin = std::min(elements, each * static_cast<size_t>(index));
  return {begin, std::min(each, elements - begin)};
}

// TCP connections between all processes. Implemented by Gloo in a separate library, which is loaded when
// processes meet.
class Mesh : public Lane {
 public:
  // The two halves of a sum. The first leaves in each process's part the sum over all processes; the other
  // parts keep their values. The second copies each part from its process to all others.
  virtual void reduce_scatter(void* data, size_t elements, SumType type,
                              std::chrono::milliseconds timeout) = 0;
  virtual void gather_parts(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) = 0;
};

struct LaneOptions {
  std::string hostname;  // an address of this machine; empty: its name's
  int rank = 0;
  int size = 1;
  std::chrono::milliseconds connect_timeout{0};
};

// Opens a port for every peer. Throws std::runtime_error if that fails or the library cannot be loaded.
std::unique_ptr<Mesh> open_mesh(const LaneOptions& options);

}  // namespace iabn

// Entry point of the library.
extern "C" iabn::Mesh* iabn_gloo_mesh(const iabn::LaneOptions* options);
