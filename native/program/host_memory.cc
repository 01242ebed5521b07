#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "platform/platform.h"
#include "program/memory.h"

namespace iabn {
namespace {

// Zeroing is limited by the memory's bandwidth, which a few cores use up.
constexpr unsigned most_threads = 8;
// Pieces that the threads take in turn: memory nodes of a machine with several then share the block evenly.
constexpr size_t piece_bytes = size_t{32} << 20;

[[noreturn]] void refuse(size_t bytes) {
  throw OutOfMemory("the system cannot allocate " + std::to_string(bytes) +
                    " bytes of memory: use smaller batches or images, or a memory budget");
}

#ifdef IABN_SANITIZE

// From the heap: a sanitizer sees where a block of it ends.
void* map(size_t bytes) {
  void* block = nullptr;
  if (posix_memalign(&block, platform::page_bytes(), bytes) != 0) return nullptr;
  return std::memset(block, 0, bytes);
}
void unmap(void* data, size_t) { std::free(data); }
void clear(void* data, size_t bytes) { std::memset(data, 0, bytes); }

#else

void* map(size_t bytes) { return platform::map_pages(bytes); }
void unmap(void* data, size_t bytes) { platform::unmap_pages(data, bytes); }
void clear(void* data, size_t bytes) { platform::clear_pages(data, bytes); }

#endif

}  // namespace

HostMemory::HostMemory(size_t bytes) : Memory(bytes) {
  if (bytes == 0) return;
  data_ = static_cast<uint8_t*>(map(bytes));
  if (data_ == nullptr) refuse(bytes);
}

HostMemory::~HostMemory() {
  if (data_) unmap(data_, bytes_);
}

void HostMemory::populate(size_t offset, size_t length) {
  uint8_t* const data = range(offset, length);
  const size_t page = platform::page_bytes();
  // The block begins at a page.
  const size_t before = offset % page;
  const size_t bytes = length == 0 ? 0 : length + before;
  const size_t pieces = (bytes + piece_bytes - 1) / piece_bytes;
  std::atomic<size_t> next{0};
  std::atomic<bool> enough{true};
  const auto work = [&] {
    for (size_t piece = next++; piece < pieces && enough; piece = next++) {
      const size_t from = piece * piece_bytes;
      if (!platform::populate_pages(data - before + from, std::min(piece_bytes, bytes - from)))
        enough = false;
    }
  };
  const size_t useful = std::min<size_t>({std::thread::hardware_concurrency(), most_threads, pieces});
  std::vector<std::thread> others;
  others.reserve(useful);
  try {
    while (others.size() + 1 < useful) others.emplace_back(work);
  } catch (const std::system_error&) {
    // The system has no thread left: those that there are do all pieces.
  }
  work();
  for (auto& thread : others) thread.join();
  if (!enough) refuse(length);
}

void HostMemory::discard() {
  if (data_) clear(data_, bytes_);
}

}  // namespace iabn
