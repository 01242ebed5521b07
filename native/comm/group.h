// A process group: what the collectives of programs and of the host run over.
//
// Two lanes with connections of their own keep them from waiting for each other: the prompt one serves the
// thread that calls, the background one a thread of the group's own, in the order in which sums were started.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "comm/lane.h"

namespace iabn {

struct GroupOptions {
  std::string name;
  int rank = 0;
  int size = 1;
  std::string hostname;
  std::chrono::milliseconds timeout{0};  // of a collective
  std::chrono::milliseconds connect_timeout{0};
};

// A sum of the background lane, by the steady clock in seconds.
struct Span {
  double begin;
  double end;
  size_t bytes;
};

class Group {
 public:
  // Registers the group under its name; throws when it is taken.
  static std::shared_ptr<Group> create(const GroupOptions& options);
  // The live group of that name; throws std::runtime_error.
  static std::shared_ptr<Group> find(const std::string& name);
  // Waits until no group has a sum under way, failed or not.
  static void drain_all();
  ~Group();

  int rank() const { return options_.rank; }
  int size() const { return options_.size; }

  std::vector<Addresses> addresses() const;             // one list a lane
  void connect(const std::vector<Addresses>& by_lane);  // blocks

  void all_reduce(void* data, size_t elements, SumType type);
  void all_gather(const void* src, void* gathered, size_t bytes);
  void broadcast(void* data, size_t bytes, int root);
  void barrier();

  // Queues a sum; nobody may touch the data until finish(data), which throws what went wrong.
  void start_all_reduce(void* data, size_t elements, SumType type);
  void finish(void* data);
  void drain();

  // Ends every collective, now and later, with `reason`. From any thread.
  void abort(const std::string& reason);
  // The reason that abort() was given; empty before.
  std::string aborted();

  // Spans since they were last taken.
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
  void stop();

  GroupOptions options_;
  std::unique_ptr<Lane> prompt_;
  std::unique_ptr<Lane> background_;

  std::mutex mutex_;
  std::condition_variable queued_;
  std::condition_variable done_;
  std::deque<Sum> queue_;
  std::map<void*, std::string> results_;  // what went wrong; empty: nothing did
  std::vector<Span> spans_;
  std::string reason_;  // of abort
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace iabn
