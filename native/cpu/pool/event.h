// A number of times that something happened, which threads wait for: they look at it for a while, then sleep.
#pragma once

#include <atomic>
#include <cstdint>
#ifndef __wasm__  // has an instruction for it
#include <condition_variable>
#include <mutex>
#endif

namespace iabn::pool {

class Event {
 public:
  uint32_t count() const { return count_.load(std::memory_order_acquire); }

  // Those that wait see everything that this thread wrote before.
  void happen();
  // Returns once it happened more than `seen` times; sleeps after `looks`.
  void wait(uint32_t seen, int looks);

 private:
  void sleep(uint32_t seen);
  void wake();

  // Sequentially consistent: of a thread that falls asleep and one that calls happen(), one sees the other.
  alignas(64) std::atomic<uint32_t> count_{0};
  std::atomic<uint32_t> sleepers_{0};
#ifndef __wasm__
  std::mutex mutex_;
  std::condition_variable woken_;
#endif
};

}  // namespace iabn::pool
