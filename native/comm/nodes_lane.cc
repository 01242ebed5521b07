#include "comm/nodes_lane.h"

#include <cstring>
#include <stdexcept>

namespace iabn {
namespace {

// Rows are gathered in slices, so that their copies in between take this much memory at most, unless a world
// of many processes would have slices too small to be worth a message.
constexpr size_t kCopiedBytes = 16 << 20;
constexpr size_t kSmallestSlice = 64 * 1024;

// Each process is in two meshes: that of its node, and its column, the processes with its place in every
// node. Columns carry different parts of a vector at the same time.
class NodesLane : public Lane {
 public:
  NodesLane(const LaneOptions& options, int per_node)
      : per_node_(per_node),
        nodes_(options.size / per_node),
        place_(options.rank % per_node),
        index_(options.rank / per_node),
        node_(open_mesh({options.hostname, place_, per_node_, options.connect_timeout})),
        column_(open_mesh({options.hostname, index_, nodes_, options.connect_timeout})) {}

  Addresses addresses() const override;
  void connect(const Addresses& peers) override;
  void all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) override;
  void all_gather(const void* src, void* gathered, size_t bytes, std::chrono::milliseconds timeout) override;
  void broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) override;
  void barrier(std::chrono::milliseconds timeout) override;
  void abort(const std::string& reason) override;

 private:
  template <class Run>
  void in_both(const Run& run);
  size_t rank_of(int node, int place) const { return static_cast<size_t>(node * per_node_ + place); }

  int per_node_;
  int nodes_;
  int place_;  // in the node
  int index_;  // of the node
  std::unique_ptr<Mesh> node_;
  std::unique_ptr<Mesh> column_;
};

Addresses NodesLane::addresses() const {
  Addresses own(static_cast<size_t>(nodes_ * per_node_));
  const Addresses in_node = node_->addresses();
  const Addresses in_column = column_->addresses();
  for (int place = 0; place < per_node_; ++place) {
    own[rank_of(index_, place)] = in_node[static_cast<size_t>(place)];
  }
  for (int node = 0; node < nodes_; ++node) {
    if (node != index_) own[rank_of(node, place_)] = in_column[static_cast<size_t>(node)];
  }
  return own;
}

void NodesLane::connect(const Addresses& peers) {
  Addresses in_node;
  Addresses in_column;
  for (int place = 0; place < per_node_; ++place) in_node.push_back(peers.at(rank_of(index_, place)));
  for (int node = 0; node < nodes_; ++node) in_column.push_back(peers.at(rank_of(node, place_)));
  node_->connect(in_node);
  column_->connect(in_column);
}

// A mesh that fails closes its own connections only. Peers that wait on the other one would do so until their
// timeouts.
template <class Run>
void NodesLane::in_both(const Run& run) {
  try {
    run();
  } catch (const std::exception& failure) {
    abort(failure.what());
    throw;
  }
}

void NodesLane::all_reduce(void* data, size_t elements, SumType type, std::chrono::milliseconds timeout) {
  const Part own = part_of(elements, per_node_, place_);
  auto* part = static_cast<uint8_t*>(data) + own.begin * sum_type_size(type);
  in_both([&] {
    node_->reduce_scatter(data, elements, type, timeout);
    column_->all_reduce(part, own.count, type, timeout);
    node_->gather_parts(data, elements, type, timeout);
  });
}

// The rows of a column, then those of all columns within each node: they arrive by column.
void NodesLane::all_gather(const void* src, void* gathered, size_t bytes, std::chrono::milliseconds timeout) {
  const size_t nodes = static_cast<size_t>(nodes_);
  const size_t size = nodes * static_cast<size_t>(per_node_);
  const size_t most = std::min(bytes, std::max(kSmallestSlice, kCopiedBytes / size));
  std::vector<uint8_t> rows(nodes * most);
  std::vector<uint8_t> columns(size * most);
  for (size_t begin = 0; begin < bytes; begin += most) {
    const size_t slice = std::min(most, bytes - begin);
    in_both([&] {
      column_->all_gather(static_cast<const uint8_t*>(src) + begin, rows.data(), slice, timeout);
      node_->all_gather(rows.data(), columns.data(), nodes * slice, timeout);
    });
    const uint8_t* row = columns.data();
    for (int place = 0; place < per_node_; ++place) {
      for (int node = 0; node < nodes_; ++node, row += slice) {
        std::memcpy(static_cast<uint8_t*>(gathered) + rank_of(node, place) * bytes + begin, row, slice);
      }
    }
  }
}

void NodesLane::broadcast(void* data, size_t bytes, int root, std::chrono::milliseconds timeout) {
  const int place = root % per_node_;
  in_both([&] {
    if (place == place_) column_->broadcast(data, bytes, root / per_node_, timeout);
    node_->broadcast(data, bytes, place, timeout);
  });
}

// A column waits for the nodes of its processes.
void NodesLane::barrier(std::chrono::milliseconds timeout) {
  in_both([&] {
    node_->barrier(timeout);
    column_->barrier(timeout);
  });
}

void NodesLane::abort(const std::string& reason) {
  node_->abort(reason);
  column_->abort(reason);
}

}  // namespace

std::unique_ptr<Lane> open_nodes_lane(const LaneOptions& options, int per_node) {
  if (options.size % per_node != 0) {
    throw std::runtime_error(std::to_string(options.size) + " processes cannot be divided into nodes of " +
                             std::to_string(per_node));
  }
  return std::make_unique<NodesLane>(options, per_node);
}

}  // namespace iabn
