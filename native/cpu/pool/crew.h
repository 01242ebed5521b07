// The thread that divides work and the workers that wait for it. Who starts their threads is not known here.
#pragma once

#include <memory>
#include <vector>

#include "cpu/loops/threads.h"
#include "cpu/pool/barrier.h"

namespace iabn::pool {

using Call = void(const void* body, threads::Member member);

// Looks at a number before a thread sleeps: some 50 µs. With more threads than processors, others need the
// time.
constexpr int kLooks = 20000, kFewLooks = 100;

class Crew {
 public:
  // Of workers.
  int size() const { return static_cast<int>(begun_.size()); }
  // Makes a place for a worker, who need not be there yet.
  void add() { begun_.push_back(std::make_unique<Event>()); }
  void remove_last() { begun_.pop_back(); }
  Event& begun(int thread) { return *begun_[static_cast<size_t>(thread) - 1]; }

  // As threads::run, with the first `threads` − 1 workers.
  void run(int threads, int looks, Call* call, const void* body) {
    barrier_.set(threads, looks);
    call_ = call;
    body_ = body;
    for (int thread = 1; thread < threads; ++thread) begun(thread).happen();
    call(body, {0, threads});
    barrier_.wait();
  }

  // Waits for the team of the run.
  void wait() { barrier_.wait(); }

  // Where a thread of a team has met a fault, others that wait for it end with one, too.
  void fail() { barrier_.fail(); }
  bool failed() const { return barrier_.failed(); }

  // The work of a worker, until the end. `begun`: of this thread.
  void serve(Event& begun, int thread) {
    int looks = kLooks;
    for (uint32_t runs = 0;; ++runs) {
      begun.wait(runs, looks);
      if (call_ == nullptr) return;
      looks = barrier_.looks();
      call_(body_, {thread, barrier_.threads()});
      barrier_.arrive();
    }
  }

  void end() {
    call_ = nullptr;
    for (const auto& begun : begun_) begun->happen();
  }

 private:
  std::vector<std::unique_ptr<Event>> begun_;  // a run, or the end, for each worker
  Call* call_ = nullptr;                       // null at the end
  const void* body_ = nullptr;
  Barrier barrier_;
};

}  // namespace iabn::pool
