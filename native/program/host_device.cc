#include <set>
#include <stdexcept>

#include "comm/group.h"
#include "program/clock.h"
#include "program/device.h"

namespace iabn {
namespace {

class HostExecutor : public Executor {
 public:
  explicit HostExecutor(std::vector<Step> steps) : steps_(std::move(steps)) {}

  void feed(const Block& block, const void* src) override {
    block.memory->write(block.offset, block.length, src);
  }

  void prefetch(const Block&, const void*) override {
    throw std::logic_error("the CPU reads host memory directly: there is nothing to prefetch");
  }

  void run(size_t begin, size_t end, const std::vector<Block>&, std::vector<Timing>* timings) override {
    try {
      for (size_t i = begin; i < end && i < steps_.size(); ++i) {
        const double start = now();
        run_step(steps_[i]);
        if (timings) timings->push_back({start, now()});
      }
    } catch (...) {
      settle();
      throw;
    }
  }

  // Pending sums write to the program's memory. Those of other programs, as of another worker thread, go on.
  void settle() override {
    std::set<void*> written;
    for (const Step& step : steps_) written.insert(step.outputs.begin(), step.outputs.end());
    Group::drain_all(written);
  }

  void collect(const std::vector<Block>& fetched, size_t index, void* dst) override {
    const Block& block = fetched.at(index);
    block.memory->read(block.offset, block.length, dst);
  }

 private:
  std::vector<Step> steps_;
};

class HostDevice : public Device {
 public:
  std::shared_ptr<Memory> allocate(size_t bytes) override { return std::make_shared<HostMemory>(bytes); }
  MadeKernel make_kernel(const KernelSpec& spec) override { return iabn::make_kernel(spec); }
  std::unique_ptr<Executor> load(std::vector<Step> steps) override {
    return std::make_unique<HostExecutor>(std::move(steps));
  }
  // JavaScript asks the system itself, whose limits are more than one.
  size_t available_bytes() override { return 0; }
};

}  // namespace

std::shared_ptr<Device> host_device() {
  static const std::shared_ptr<Device> device = std::make_shared<HostDevice>();
  return device;
}

}  // namespace iabn
