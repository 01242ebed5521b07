#include "cuda/device/staging.h"

#include <cstring>

#include "cuda/device/memory.h"

namespace iabn::cuda {

uint8_t* PinnedBuffer::reserve(size_t bytes) {
  if (bytes > capacity_) {
    memory_ = std::make_unique<Pinned<uint8_t>>(bytes);
    capacity_ = bytes;
  }
  return data();
}

Feeds::Feeds(std::shared_ptr<Context> context) : context_(std::move(context)) {}

Feeds::~Feeds() {
  if (!stream_) return;
  cudaStreamSynchronize(stream_);
  for (auto& ahead : ahead_) {
    for (Slot& slot : ahead->slots) {
      if (slot.arrived) cudaEventDestroy(slot.arrived);
    }
  }
  cudaStreamDestroy(stream_);
}

void Feeds::add(const Block& block, const void* src) {
  if (block.length == 0) return;
  if (src == nullptr) {
    Ahead* ahead = find(block);
    if (!ahead || !ahead->pending) throw std::logic_error("nothing was prefetched for this block");
    const Slot& slot = ahead->slots[ahead->filled];
    ahead->pending = false;
    copies_.push_back({block, slot.device->range(0, block.length), cudaMemcpyDeviceToDevice, slot.arrived});
    return;
  }
  const size_t index = copies_.size();
  while (pinned_.size() <= index) pinned_.push_back(std::make_unique<PinnedBuffer>());
  uint8_t* pinned = pinned_[index]->reserve(block.length);
  std::memcpy(pinned, src, block.length);
  copies_.push_back({block, pinned, cudaMemcpyHostToDevice, nullptr});
}

Feeds::Ahead* Feeds::find(const Block& block) {
  for (auto& ahead : ahead_) {
    if (ahead->block.memory == block.memory && ahead->block.offset == block.offset) return ahead.get();
  }
  return nullptr;
}

void Feeds::prefetch(const Block& block, const void* src) {
  if (block.length == 0) return;
  context_->use();
  if (!stream_) check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
  Ahead* ahead = find(block);
  if (!ahead) {
    ahead_.push_back(std::make_unique<Ahead>());
    ahead = ahead_.back().get();
  }
  // The slot was last read by the run before the current one, which has ended.
  if (!ahead->pending) ahead->filled = 1 - ahead->filled;
  Slot& slot = ahead->slots[ahead->filled];
  if (!slot.arrived) check(cudaEventCreateWithFlags(&slot.arrived, cudaEventDisableTiming), "an event");
  // An unused prefetch may still be in progress.
  if (ahead->pending) check(cudaEventSynchronize(slot.arrived), "copy to the device");
  if (!slot.device || slot.device->bytes() < block.length) {
    slot.device = std::make_shared<DeviceMemory>(context_, block.length);
  }
  ahead->block = block;
  ahead->pending = true;
  std::memcpy(slot.pinned.reserve(block.length), src, block.length);
  check(cudaMemcpyAsync(slot.device->range(0, block.length), slot.pinned.data(), block.length,
                        cudaMemcpyHostToDevice, stream_),
        "copy to the device");
  check(cudaEventRecord(slot.arrived, stream_), "an event");
}

void Feeds::flush() {
  for (const Copy& copy : copies_) {
    if (copy.after) check(cudaStreamWaitEvent(context_->stream, copy.after, 0), "an event");
    check(cudaMemcpyAsync(copy.block.memory->range(copy.block.offset, copy.block.length), copy.src,
                          copy.block.length, copy.kind, context_->stream),
          "copy to the device");
  }
  copies_.clear();
}

void Fetches::enqueue(const Context& context, const std::vector<Block>& blocks) {
  offsets_.clear();
  size_t bytes = 0;
  for (const Block& block : blocks) {
    offsets_.push_back(bytes);
    bytes += block.length;
  }
  if (bytes == 0) return;
  uint8_t* pinned = pinned_.reserve(bytes);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (block.length == 0) continue;
    check(cudaMemcpyAsync(pinned + offsets_[i], block.memory->range(block.offset, block.length), block.length,
                          cudaMemcpyDeviceToHost, context.stream),
          "copy from the device");
  }
}

}  // namespace iabn::cuda
