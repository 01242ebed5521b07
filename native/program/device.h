// The interface between programs and the hardware that runs their kernels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "program/kernel.h"
#include "program/memory.h"

namespace iabn {

// In seconds of the steady clock.
struct Timing {
  double begin;
  double end;
};

// An instruction with its addresses.
struct Step {
  std::string name;  // in errors
  std::shared_ptr<Kernel> kernel;
  std::vector<void*> inputs;
  std::vector<void*> outputs;
  void* workspace;
  void* layout;
  bool lays_out;  // writes the kernel's layout instead of running it
};

// Runs one step's kernel. Rethrows RunStopped unchanged, and any other exception as a std::runtime_error that
// names the op.
void run_step(const Step& step);

// A range of memory that the host writes or reads.
struct Block {
  std::shared_ptr<Memory> memory;
  size_t offset;
  size_t length;
};

// A program's steps on a device, one run at a time: feed(), run(), collect().
class Executor {
 public:
  virtual ~Executor() = default;
  // Copies the host's bytes, to be in the block at the next run; null uses prefetched bytes.
  virtual void feed(const Block& block, const void* src) = 0;
  // Copies bytes that a later feed() may use, and starts their transfer during the current run.
  virtual void prefetch(const Block& block, const void* src) = 0;
  // Runs steps [begin, end) to completion; the host may then read `fetched`. An exception skips the rest.
  // `timings`, if not null, receives when each step began and ended.
  virtual void run(size_t begin, size_t end, const std::vector<Block>& fetched,
                   std::vector<Timing>* timings) = 0;
  // Copies the `index`-th fetched range.
  virtual void collect(const std::vector<Block>& fetched, size_t index, void* dst) = 0;
  // Waits for what an abandoned run has started: the next run uses its memory. Stands last: plugins that were
  // built before it find the other functions in their places.
  virtual void settle() {}
};

class Device {
 public:
  virtual ~Device() = default;
  // Zero-filled. Throws std::runtime_error with the requested and available bytes.
  virtual std::shared_ptr<Memory> allocate(size_t bytes) = 0;
  // Throws std::invalid_argument with every reason if no implementation accepts the specification.
  virtual MadeKernel make_kernel(const KernelSpec& spec) = 0;
  virtual std::unique_ptr<Executor> load(std::vector<Step> steps) = 0;
  // Bytes that allocate() can currently provide; 0 for the CPU, whose limits JavaScript reads.
  virtual size_t available_bytes() = 0;
};

// The CPU of this machine.
std::shared_ptr<Device> host_device();

}  // namespace iabn
