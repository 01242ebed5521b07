#include "cpu/pool/event.h"

namespace iabn::pool {
namespace {

// Tells the processor that this is a loop that waits.
void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void Event::happen() {
  count_.fetch_add(1);
  if (sleepers_.load() > 0) wake();
}

void Event::wait(uint32_t seen, int looks) {
  for (int i = 0; i < looks; ++i, relax()) {
    if (count() != seen) return;
  }
  sleepers_.fetch_add(1);
  sleep(seen);
  sleepers_.fetch_sub(1);
}

#ifdef __wasm__

void Event::sleep(uint32_t seen) {
  int* const word = reinterpret_cast<int*>(&count_);
  while (count_.load() == seen) __builtin_wasm_memory_atomic_wait32(word, static_cast<int>(seen), -1);
}

void Event::wake() { __builtin_wasm_memory_atomic_notify(reinterpret_cast<int*>(&count_), UINT32_MAX); }

#else

void Event::sleep(uint32_t seen) {
  std::unique_lock<std::mutex> lock(mutex_);
  woken_.wait(lock, [&] { return count_.load() != seen; });
}

void Event::wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  woken_.notify_all();
}

#endif

}  // namespace iabn::pool
