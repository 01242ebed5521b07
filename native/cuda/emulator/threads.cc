// A block's threads as coroutines on one CPU: each runs until it waits at a barrier, then the next. A barrier
// that some threads never reach, which hangs a device or corrupts its results, is an error here.
#include <setjmp.h>
#include <ucontext.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "cuda_runtime.h"

thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {
namespace {

constexpr size_t kStackBytes = 128 << 10;
constexpr unsigned kWarp = 32;

struct Barrier {
  unsigned expected = 0;  // threads that still run
  unsigned arrived = 0;
  uint64_t generation = 0;

  void arrive() {
    if (++arrived < expected) return;
    arrived = 0;
    ++generation;
  }
  void leave() {
    --expected;
    if (expected > 0 && arrived == expected) arrived = 0, ++generation;
  }
};

struct Warp {
  Barrier barrier;
  uint64_t values[2][kWarp];  // of exchanges, in turn
};

// A stack that runs one thread after another.
struct Fiber {
  ucontext_t context;
  jmp_buf resume;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  bool started = false;
};

struct Thread {
  dim3 index;
  Fiber* fiber = nullptr;
  Barrier* waits_for = nullptr;
  uint64_t generation = 0;
  uint64_t exchanges = 0;
  bool done = false;
};

class Block {
 public:
  void run(dim3 block, const std::function<void()>& body, bool backwards);
  void wait(Barrier& barrier);
  uint64_t exchange(uint64_t bits, unsigned source);
  unsigned flat() const { return current_; }
  void thread_main();

 private:
  void resume(unsigned index);
  void suspend();
  Warp& warp() { return warps_[current_ / kWarp]; }
  friend void ::__syncthreads();
  friend void ::__syncwarp(unsigned);

  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  Barrier barrier_;
  const std::function<void()>* body_ = nullptr;
  unsigned current_ = 0;
  jmp_buf scheduler_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
};

thread_local Block* running = nullptr;

void fiber_main() {
  for (;;) running->thread_main();
}

void Block::run(dim3 block, const std::function<void()>& body, bool backwards) {
  const unsigned count = block.x * block.y * block.z;
  if (count % kWarp != 0) throw std::logic_error("a block is not made of whole warps");
  threads_.assign(count, {});
  warps_.assign(count / kWarp, {});
  for (Warp& each : warps_) each.barrier.expected = kWarp;
  barrier_ = {};
  barrier_.expected = count;
  body_ = &body;
  for (unsigned i = 0; i < count; ++i) {
    threads_[i].index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
  }
  for (unsigned done = 0; done < count;) {
    bool moved = false;
    for (unsigned k = 0; k < count; ++k) {
      const unsigned i = backwards ? count - 1 - k : k;
      Thread& thread = threads_[i];
      if (thread.done) continue;
      if (thread.waits_for && thread.waits_for->generation == thread.generation) continue;
      resume(i);
      moved = true;
      if (thread.done) ++done;
    }
    if (!moved) throw std::logic_error("threads of a block wait at different barriers");
  }
}

void Block::resume(unsigned index) {
  current_ = index;
  Thread& thread = threads_[index];
  threadIdx = thread.index;
  thread.waits_for = nullptr;
  if (!thread.fiber) {
    if (idle_.empty()) {
      fibers_.push_back(std::make_unique<Fiber>());
      idle_.push_back(fibers_.back().get());
    }
    thread.fiber = idle_.back();
    idle_.pop_back();
  }
  Fiber& fiber = *thread.fiber;
  if (_setjmp(scheduler_) != 0) return;
  if (fiber.started) _longjmp(fiber.resume, 1);
  fiber.started = true;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, fiber_main, 0);
  setcontext(&fiber.context);
}

void Block::suspend() {
  if (_setjmp(threads_[current_].fiber->resume) == 0) _longjmp(scheduler_, 1);
}

void Block::thread_main() {
  (*body_)();
  Thread& thread = threads_[current_];
  thread.done = true;
  warp().barrier.leave();
  barrier_.leave();
  idle_.push_back(thread.fiber);
  suspend();
}

void Block::wait(Barrier& barrier) {
  Thread& thread = threads_[current_];
  thread.waits_for = &barrier;
  thread.generation = barrier.generation;
  barrier.arrive();
  if (barrier.generation == thread.generation) return suspend();
  thread.waits_for = nullptr;
}

// No lane can start the exchange after the next before all lanes have read this one, so two rows suffice.
uint64_t Block::exchange(uint64_t bits, unsigned source) {
  const uint64_t row = threads_[current_].exchanges++ % 2;
  Warp& mine = warp();
  mine.values[row][current_ % kWarp] = bits;
  wait(mine.barrier);
  return mine.values[row][source];
}

}  // namespace

uint64_t exchange(uint64_t bits, unsigned source) { return running->exchange(bits, source); }
unsigned lane() { return running->flat() % kWarp; }

void run_grid(dim3 grid, dim3 block, const std::function<void()>& body) {
  static thread_local Block threads;
  running = &threads;
  gridDim = grid, blockDim = block;
  unsigned count = 0;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = {x, y, z};
        // Alternate the order of threads between blocks, to expose results that depend on it.
        threads.run(block, body, count++ % 2 == 1);
      }
    }
  }
}

}  // namespace emulator

void __syncthreads() { emulator::running->wait(emulator::running->barrier_); }
void __syncwarp(unsigned) { emulator::running->wait(emulator::running->warp().barrier); }
