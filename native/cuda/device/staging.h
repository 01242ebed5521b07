// Transfers host bytes to and from the device.
//
// A feed is copied into pinned memory immediately, and from there to its block at the start of the run. A
// prefetch does the first part during the current run: into separate device memory, on a separate stream.
#pragma once

#include <memory>
#include <vector>

#include "cuda/support/context.h"
#include "cuda/support/pinned.h"
#include "program/device.h"

namespace iabn::cuda {

// A pinned buffer that grows as needed.
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
  // null: use the data prefetched for the block.
  void add(const Block& block, const void* src);
  void prefetch(const Block& block, const void* src);
  // Enqueues the copies to their blocks.
  void flush();

 private:
  // Data on its way to a block, double-buffered: while a run empties one slot, the other is filled.
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
