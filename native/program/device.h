// What programs ask of the part of the machine that their kernels run on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "program/kernel.h"
#include "program/memory.h"

namespace iabn {

// By the steady clock, in seconds.
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

// Runs one step's kernel. Throws RunStopped as it is, any other exception as a std::runtime_error that names
// the op.
void run_step(const Step& step);

// Bytes of a memory that the host hands in or takes out.
struct Block {
  std::shared_ptr<Memory> memory;
  size_t offset;
  size_t length;
};

// A program's steps on a device, one run at a time: feed(), run(), collect().
class Executor {
 public:
  virtual ~Executor() = default;
  // Takes a copy of the host's bytes, which the next run finds in the block; null: of what was prefetched.
  virtual void feed(const Block& block, const void* src) = 0;
  // Takes a copy of bytes that a later feed() may ask for, and begins to move them while a run is under way.
  virtual void prefetch(const Block& block, const void* src) = 0;
  // Runs steps [begin, end) to their end; what `fetched` names is the host's then. An exception leaves the
  // rest undone. `timings`, when given, takes when each step began and ended.
  virtual void run(size_t begin, size_t end, const std::vector<Block>& fetched,
                   std::vector<Timing>* timings) = 0;
  // Copies the `index`-th of what was fetched.
  virtual void collect(const std::vector<Block>& fetched, size_t index, void* dst) = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  // Zero-filled. Throws std::runtime_error with what was asked for and what is free.
  virtual std::shared_ptr<Memory> allocate(size_t bytes) = 0;
  // Throws std::invalid_argument when no implementation accepts the specification, with every reason.
  virtual MadeKernel make_kernel(const KernelSpec& spec) = 0;
  virtual std::unique_ptr<Executor> load(std::vector<Step> steps) = 0;
  // Bytes that allocate() can give now.
  virtual size_t available_bytes() = 0;
};

// The processors of this machine.
std::shared_ptr<Device> host_device();

}  // namespace iabn
