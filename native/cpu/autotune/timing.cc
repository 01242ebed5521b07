#include "cpu/autotune/timing.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "program/memory.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace iabn {
namespace {

// A time is clearly shorter if its ratio to another is below this: after the first run, and after all of
// them.
constexpr double kPlain = 0.7;
constexpr double kClear = 0.93;
// Threshold if the faster kernel needs much more memory: workspace may determine the peak of the whole step,
// and layouts are kept.
constexpr double kClearForRoom = 0.8;
constexpr size_t kRoom = size_t{16} << 20;
constexpr int kRounds = 4;
// Total time after which a single run is reliable: one image of a large network may take longer.
constexpr double kEnough = 0.015;
// Below this time, the first run says more about cold caches than about the kernel.
constexpr double kShort = 0.012;

// Writes a block back from the caches. Weights that are laid out once are read once per run, and those of a
// whole network do not fit the caches: measured in the caches, a layout of four times the size would look as
// fast.
void evict(const void* data, size_t bytes) {
#if defined(__SSE2__)
  constexpr size_t kLine = 64;
  const char* const begin = static_cast<const char*>(data);
  for (size_t offset = 0; offset < bytes; offset += kLine) _mm_clflush(begin + offset);
  _mm_mfence();
#else
  (void)data;
  (void)bytes;
#endif
}

// Zero-filled, and returned to the system instead of cached, because a step's memory is planned to the byte.
class Block {
 public:
  explicit Block(size_t bytes) : memory_(bytes) {
    // Unwritten pages all map to the same zero page, which would always be in the caches.
    std::fill_n(memory_.range(0, bytes), bytes, uint8_t{0});
  }
  void* data() const { return memory_.range(0, memory_.bytes()); }

 private:
  HostMemory memory_;
};

// Operands shared by all candidates.
class Operands {
 public:
  explicit Operands(const KernelSpec& spec) {
    for (const TensorDesc& input : spec.inputs) inputs_.push_back(add(input));
    for (const TensorDesc& output : spec.outputs) outputs_.push_back(add(output));
  }

  KernelArgs with(void* workspace, void* layout) { return {inputs_, outputs_, workspace, layout}; }

 private:
  void* add(const TensorDesc& desc) {
    if (!desc.present()) return nullptr;
    blocks_.push_back(std::make_unique<Block>(desc.bytes()));
    return blocks_.back()->data();
  }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<void*> inputs_, outputs_;
};

// A candidate and its shortest run so far. Candidates may share a workspace.
class TimedKernel {
 public:
  TimedKernel(std::unique_ptr<Kernel> kernel, Operands& operands, void* workspace)
      : kernel_(std::move(kernel)),
        layout_(kernel_->layout_bytes()),
        args_(operands.with(workspace, layout_.data())) {
    if (!kernel_->laid_out_inputs().empty()) kernel_->lay_out(args_);
  }

  size_t bytes() const { return kernel_->workspace_bytes() + kernel_->layout_bytes(); }
  double shortest() const { return shortest_; }
  // Of all its runs.
  double seconds() const { return seconds_; }

  void run() {
    evict(layout_.data(), kernel_->layout_bytes());
    const auto begin = std::chrono::steady_clock::now();
    kernel_->run(args_);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    shortest_ = std::min(shortest_, seconds.count());
    seconds_ += seconds.count();
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  Block layout_;
  KernelArgs args_;
  double shortest_ = std::numeric_limits<double>::infinity();
  double seconds_ = 0;
};

double shortest_of(const std::vector<TimedKernel*>& timed) {
  double shortest = std::numeric_limits<double>::infinity();
  for (const TimedKernel* kernel : timed) shortest = std::min(shortest, kernel->shortest());
  return shortest;
}

// Keeps the candidates that may be the fastest. On a shared machine a run may take too long, but never too
// short.
void drop_slower(std::vector<TimedKernel*>& timed, double share) {
  const double limit = shortest_of(timed) / share;
  timed.erase(std::remove_if(timed.begin(), timed.end(),
                             [&](TimedKernel* kernel) { return kernel->shortest() > limit; }),
              timed.end());
}

// Among those not clearly slower than the fastest, the first with the least memory.
TimedKernel* least_memory(std::vector<TimedKernel*> timed) {
  const auto less = [](const TimedKernel* a, const TimedKernel* b) { return a->bytes() < b->bytes(); };
  std::vector<TimedKernel*> close = timed;
  drop_slower(timed, kClearForRoom);
  drop_slower(close, kClear);
  TimedKernel* const roomy = *std::min_element(timed.begin(), timed.end(), less);
  TimedKernel* const chosen = *std::min_element(close.begin(), close.end(), less);
  return roomy->bytes() + kRoom < chosen->bytes() ? roomy : chosen;
}

// True if another run would hardly change the choice.
bool as_good(const std::vector<TimedKernel*>& timed) {
  const double limit = shortest_of(timed) / kClear;
  return std::all_of(timed.begin(), timed.end(),
                     [&](const TimedKernel* kernel) { return kernel->shortest() <= limit; });
}

size_t fastest_timed(const std::vector<std::unique_ptr<TimedKernel>>& timed) {
  std::vector<TimedKernel*> left;
  for (const auto& kernel : timed) left.push_back(kernel.get());
  // Alternate, so that one disturbance does not affect the same candidate twice.
  for (TimedKernel* kernel : left) kernel->run();
  for (int round = 0; round < kRounds && left.size() > 1; ++round) {
    for (TimedKernel* kernel : left) {
      if (round == 0 ? kernel->shortest() < kShort : kernel->seconds() < kEnough) kernel->run();
    }
    // The more runs, the less likely a difference is random.
    drop_slower(left, kPlain + (kClearForRoom - kPlain) * round / (kRounds - 1));
    if (round > 0 && as_good(left)) break;
  }
  const TimedKernel* const chosen = least_memory(left);
  const auto place =
      std::find_if(timed.begin(), timed.end(), [&](const auto& kernel) { return kernel.get() == chosen; });
  return static_cast<size_t>(place - timed.begin());
}

}  // namespace

size_t fastest_of(const KernelSpec& spec, const std::vector<KernelFactory>& factories) {
  std::vector<std::unique_ptr<Kernel>> kernels;
  size_t most = 0;
  for (const KernelFactory& factory : factories) {
    kernels.push_back(factory(spec));
    most = std::max(most, kernels.back()->workspace_bytes());
  }
  Operands operands(spec);
  const Block workspace(most);
  std::vector<std::unique_ptr<TimedKernel>> timed;
  for (auto& kernel : kernels) {
    timed.push_back(std::make_unique<TimedKernel>(std::move(kernel), operands, workspace.data()));
  }
  return fastest_timed(timed);
}

double shortest_run(const KernelSpec& spec, std::unique_ptr<Kernel> kernel) {
  Operands operands(spec);
  const Block workspace(kernel->workspace_bytes());
  TimedKernel timed(std::move(kernel), operands, workspace.data());
  do timed.run();
  while (timed.seconds() < kEnough);
  return timed.shortest();
}

}  // namespace iabn
