// Host bytes on their way to and from the device.
//
// A feed is copied into pinned memory when it is handed in, and from there to its block at the beginning of
// the run. What is prefetched takes the first half of that way while the run before is under way: into device
// memory of its own, by a stream of its own.
#pragma once

#include <memory>
#include <vector>

#include "cuda/support/context.h"
#include "cuda/support/pinned.h"
#include "program/device.h"

namespace iabn::cuda {

// Pinned bytes that grow with what they have to hold.
class PinnedBuffer {
 public:
  uint8_t* reserve(size_t bytes);
  uint8_t* data() const { return memory_ ? memory_->data() : nullptr; }

 private:
  std::unique_ptr<Pinned<uint8_t>> memory_;
  size_t capacity_ = 0;
};

class Feeds {
 public:
  explicit Feeds(std::shared_ptr<Context> context);
  ~Feeds();
  // null: what was prefetched for the block.
  void add(const Block& block, const void* src);
  void prefetch(const Block& block, const void* src);
  // Enqueues the copies to their blocks.
  void flush();

 private:
  // What is on its way to a block. Two take turns: while a run empties one, the other is filled.
  struct Slot {
    PinnedBuffer pinned;
    std::shared_ptr<Memory> device;
    cudaEvent_t arrived = nullptr;
  };
  struct Ahead {
    Block block;
    Slot slots[2];
    size_t filled = 0;
    bool pending = false;
  };
  struct Copy {
    Block block;
    const void* src;
    cudaMemcpyKind kind;
    cudaEvent_t after;  // null: at once
  };
  Ahead* find(const Block& block);

  std::shared_ptr<Context> context_;
  std::vector<Copy> copies_;
  std::vector<std::unique_ptr<PinnedBuffer>> pinned_;  // of the i-th feed of a run
  std::vector<std::unique_ptr<Ahead>> ahead_;
  cudaStream_t stream_ = nullptr;
};

class Fetches {
 public:
  // Enqueues the copies from the blocks.
  void enqueue(const Context& context, const std::vector<Block>& blocks);
  const uint8_t* at(size_t index) const { return pinned_.data() + offsets_.at(index); }

 private:
  PinnedBuffer pinned_;
  std::vector<size_t> offsets_;
};

}  // namespace iabn::cuda
