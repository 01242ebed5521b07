// Where the threads of a team meet.
#pragma once

#include "cpu/pool/event.h"

namespace iabn::pool {

class Barrier {
 public:
  // Before a team begins.
  void set(int threads, int looks) {
    threads_ = threads;
    looks_ = looks;
  }
  int threads() const { return threads_; }
  int looks() const { return looks_; }

  // Counts this thread among those that are here. Once the last one is, the next team may begin.
  void arrive() {
    const int threads = threads_;
    if (here_.fetch_add(1, std::memory_order_acq_rel) + 1 < threads) return;
    here_.store(0, std::memory_order_relaxed);
    all_here_.happen();
  }

  // Waits for all, with this thread.
  void wait() {
    const uint32_t seen = all_here_.count();
    if (!failed()) {
      arrive();
      all_here_.wait(seen, looks_);
    }
    if (failed()) __builtin_trap();
  }

  // One of the threads will not arrive: whoever waits, or will, ends with a fault.
  void fail() {
    failed_.store(true, std::memory_order_release);
    all_here_.happen();
  }
  bool failed() const { return failed_.load(std::memory_order_acquire); }

 private:
  int threads_ = 1, looks_ = 0;
  std::atomic<bool> failed_{false};
  alignas(64) std::atomic<int> here_{0};
  Event all_here_;
};

}  // namespace iabn::pool
