// A loaded program: kernels with their operands' addresses, run in order on the compute thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "program/kernel.h"
#include "program/memory.h"

namespace iabn {

struct Operand {
  std::shared_ptr<Memory> memory;  // null: absent
  size_t offset = 0;
};

struct Instruction {
  std::string op;    // these two name the instruction in errors
  std::string path;  // of the module
  std::shared_ptr<Kernel> kernel;
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
  Operand workspace;
  Operand layout;
  bool lays_out = false;  // writes the kernel's layout instead of running it
};

// By the steady clock, in seconds.
struct Timing {
  double begin;
  double end;
};

class Program {
 public:
  // Resolves addresses; throws std::out_of_range when an operand of `bytes` does not fit its memory.
  void add(const Instruction& instruction, const std::vector<size_t>& input_bytes,
           const std::vector<size_t>& output_bytes);

  size_t size() const { return steps_.size(); }

  // Runs instructions [begin, end). An exception leaves the rest unrun: RunStopped as it is, any other as a
  // std::runtime_error that names the op.
  // `timings`, when given, takes when each instruction began and ended.
  void run(size_t begin, size_t end, std::vector<Timing>* timings) const;

  // One run at a time: false when another is under way.
  bool try_acquire() { return !running_.exchange(true); }
  void release() { running_ = false; }

 private:
  struct Step {
    std::string name;
    std::shared_ptr<Kernel> kernel;
    std::vector<void*> inputs;
    std::vector<void*> outputs;
    void* workspace;
    void* layout;
    bool lays_out;
  };

  static void run_step(const Step& step);

  std::vector<Step> steps_;
  std::vector<std::shared_ptr<Memory>> memories_;  // kept alive
  std::atomic<bool> running_{false};
};

}  // namespace iabn
