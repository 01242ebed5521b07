#include "comm/gloo/parts.h"

#include <gloo/math.h>
#include <gloo/types.h>

#include <vector>

namespace iabn {
namespace {

// Values that were received and not added yet, of all other processes. A busy machine wakes a thread late, so
// there should be few rounds.
constexpr size_t kReceivedBytes = 2 << 20;
// Gloo's own collectives have lower ones.
constexpr uint8_t kReduceScatterSlot = 0x41;
constexpr uint8_t kGatherPartsSlot = 0x42;

template <class T>
void add(uint8_t* sum, const uint8_t* x, size_t count) {
  gloo::sum<T>(reinterpret_cast<T*>(sum), reinterpret_cast<const T*>(x), count);
}

void add(uint8_t* sum, const uint8_t* x, size_t count, SumType type) {
  switch (type) {
    case SumType::f32:
      return add<float>(sum, x, count);
    case SumType::f64:
      return add<double>(sum, x, count);
    case SumType::i32:
      return add<int32_t>(sum, x, count);
  }
}

// Part of a process that is on its way: `slice` elements from `begin` of it on.
Part slice_of(const Part& part, size_t begin, size_t slice) {
  const size_t skipped = std::min(begin, part.count);
  return {part.begin + skipped, std::min(slice, part.count - skipped)};
}

// Messages that are awaited together.
class Messages {
 public:
  explicit Messages(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  void send(gloo::transport::UnboundBuffer& from, int peer, uint64_t slot, size_t offset, size_t bytes) {
    if (bytes == 0) return;
    from.send(peer, slot, offset, bytes);
    ++sent_;
  }
  void receive(gloo::transport::UnboundBuffer& to, int peer, uint64_t slot, size_t offset, size_t bytes) {
    if (bytes == 0) return;
    to.recv(peer, slot, offset, bytes);
    ++received_;
  }
  void wait(gloo::transport::UnboundBuffer& from, gloo::transport::UnboundBuffer& to) {
    for (; received_ > 0; --received_) to.waitRecv(timeout_);
    for (; sent_ > 0; --sent_) from.waitSend(timeout_);
  }

 private:
  std::chrono::milliseconds timeout_;
  int sent_ = 0;
  int received_ = 0;
};

}  // namespace

// The owner of a part adds the others' values to its own in the order of their ranks.
void reduce_scatter(const std::shared_ptr<gloo::Context>& context, void* data, size_t elements, SumType type,
                    std::chrono::milliseconds timeout) {
  const int size = context->size;
  const size_t width = sum_type_size(type);
  const Part own = part_of(elements, size, context->rank);
  const size_t longest = part_of(elements, size, 0).count;
  const size_t peers = static_cast<size_t>(size - 1);
  if (peers == 0) return;
  const size_t slice = std::min(std::max<size_t>(kReceivedBytes / width / peers, 1), longest);
  std::vector<uint8_t> received(peers * slice * width);
  // In the order of ranks.
  const auto place_of = [&](int peer) {
    return static_cast<size_t>(peer < context->rank ? peer : peer - 1) * slice * width;
  };
  auto values = context->createUnboundBuffer(data, elements * width);
  auto others = context->createUnboundBuffer(received.data(), received.size());
  const auto slot = gloo::Slot::build(kReduceScatterSlot, 0);
  Messages messages(timeout);
  for (size_t begin = 0; begin < longest; begin += slice) {
    const Part mine = slice_of(own, begin, slice);
    for (int peer = 0; peer < size; ++peer) {
      if (peer == context->rank) continue;
      const Part theirs = slice_of(part_of(elements, size, peer), begin, slice);
      messages.send(*values, peer, slot, theirs.begin * width, theirs.count * width);
      messages.receive(*others, peer, slot, place_of(peer), mine.count * width);
    }
    messages.wait(*values, *others);
    auto* sum = static_cast<uint8_t*>(data) + mine.begin * width;
    for (int peer = 0; peer < size; ++peer) {
      if (peer != context->rank) add(sum, received.data() + place_of(peer), mine.count, type);
    }
  }
}

void gather_parts(const std::shared_ptr<gloo::Context>& context, void* data, size_t elements, SumType type,
                  std::chrono::milliseconds timeout) {
  const size_t width = sum_type_size(type);
  const Part own = part_of(elements, context->size, context->rank);
  auto values = context->createUnboundBuffer(data, elements * width);
  const auto slot = gloo::Slot::build(kGatherPartsSlot, 0);
  Messages messages(timeout);
  for (int peer = 0; peer < context->size; ++peer) {
    if (peer == context->rank) continue;
    const Part theirs = part_of(elements, context->size, peer);
    messages.send(*values, peer, slot, own.begin * width, own.count * width);
    messages.receive(*values, peer, slot, theirs.begin * width, theirs.count * width);
  }
  messages.wait(*values, *values);
}

}  // namespace iabn
