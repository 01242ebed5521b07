// A process group, over which programs and the host run collectives.
//
// Two lanes with separate connections do not block each other. The prompt lane serves the calling thread;
// the background lane has its own thread and runs sums in the order in which they were started.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "comm/lane.h"

namespace iabn {

struct GroupOptions {
  std::string name;
  int rank = 0;
  int size = 1;
  int per_node = 1;  // above 1: sums go within each node first
  std::string hostname;
  std::chrono::milliseconds timeout{0};  // of a collective
  std::chrono::milliseconds connect_timeout{0};
};

// A background sum, in seconds of the steady clock.
struct Span {
  double begin;
  double end;
  size_t bytes;
};

class Group {
 public:
  // Registers the group under its name. Throws std::runtime_error if the name is taken.
  static std::shared_ptr<Group> create(const GroupOptions& options);
  // The live group with that name. Throws std::runtime_error if there is none.
  static std::shared_ptr<Group> find(const std::string& name);
  // Waits until no group has a pending sum in one of these memories, and forgets the results of those sums.
  static void drain_all(const std::set<void*>& data);
  ~Group();

  int rank() const { return options_.rank; }
  int size() const { return options_.size; }

  std::vector<Addresses> addresses() const;             // one list a lane
  void connect(const std::vector<Addresses>& by_lane);  // blocks

  void all_reduce(void* data, size_t elements, SumType type);
  void all_gather(const void* src, void* gathered, size_t bytes);
  void broadcast(void* data, size_t bytes, int root);
  void barrier();

  // Queues a sum. The data must not be touched until finish(data), which rethrows any failure.
  void start_all_reduce(void* data, size_t elements, SumType type);
  void finish(void* data);
  void drain(const std::set<void*>& data);

  // Ends every pending and future collective with `reason`. Thread-safe.
  void abort(const std::string& reason);
  // The reason given to abort(); empty before.
  std::string aborted();

  // Spans recorded since the last call.
  std::vector<Span> take_spans();

 private:
  struct Sum {
    void* data;
    size_t elements;
    SumType type;
  };

  explicit Group(const GroupOptions& options);
  template <class Run>
  void promptly(const Run& run);
  void work();
  std::string perform(const Sum& sum);
  // True if a sum in one of these memories is queued or running. Call it with mutex_ held.
  bool pending_in(const std::set<void*>& data) const;

  GroupOptions options_;
  std::unique_ptr<Lane> prompt_;
  std::unique_ptr<Lane> background_;

  std::mutex mutex_;
  std::condition_variable queued_;
  std::condition_variable done_;
  std::deque<Sum> queue_;                 // the first one is running
  std::map<void*, std::string> results_;  // error message, empty on success
  std::vector<Span> spans_;
  std::string reason_;  // of abort
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace iabn
