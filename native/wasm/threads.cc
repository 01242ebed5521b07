// Teams of the thread that JavaScript calls on, and workers: threads that JavaScript starts, each with an
// instance of the module over the same memory (packages/core/src/native/wasm-threads.ts).
#include <cstdlib>

#include "cpu/pool/crew.h"
#include "wasm/export.h"

namespace iabn {
namespace {

constexpr size_t kStackBytes = size_t{1} << 20, kStackAlignment = 16;

pool::Crew crew;
int most = 1;
int looks = pool::kLooks;
std::atomic<int> there{0};         // workers that have joined
std::atomic<bool> working{false};  // a team

}  // namespace

int most_threads() { return most; }

namespace threads {

// Workers that are not there yet are not waited for.
void run(int threads, void (*call)(const void* body, Member member), const void* body) {
  if (crew.failed()) __builtin_trap();
  const int size = std::min(threads, there.load(std::memory_order_acquire) + 1);
  if (size <= 1 || working) return call(body, {0, 1});
  working = true;
  crew.run(size, looks, call, body);
  working = false;
}

void wait() { crew.wait(); }

}  // namespace threads

// Once, before anything computes.
IABN_EXPORT(wasm_set_threads) void wasm_set_threads(int threads, int processors) {
  most = std::max(1, threads);
  looks = threads > processors ? pool::kFewLooks : pool::kLooks;
  while (crew.size() + 1 < threads) crew.add();
}

// Of a worker that has met a fault: runs end with one from now on.
IABN_EXPORT(wasm_fail) void wasm_fail() { crew.fail(); }

// Where the stack of a worker begins, which grows down; null without memory.
IABN_EXPORT(wasm_new_stack) char* wasm_new_stack() {
  void* const stack = std::aligned_alloc(kStackAlignment, kStackBytes);
  return stack == nullptr ? nullptr : static_cast<char*>(stack) + kStackBytes;
}

// Counts this thread among the workers; returns its place in teams.
IABN_EXPORT(wasm_join) int wasm_join() { return there.fetch_add(1, std::memory_order_acq_rel) + 1; }
// Workers that have joined by now.
IABN_EXPORT(wasm_joined) int wasm_joined() { return there.load(std::memory_order_acquire); }
// The life of a worker.
IABN_EXPORT(wasm_work) void wasm_work(int thread) { crew.serve(crew.begun(thread), thread); }

}  // namespace iabn
