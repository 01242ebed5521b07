// A loaded program: kernels with their operands' addresses, run in order by their device.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "program/device.h"

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
  std::vector<size_t> input_bytes;
  std::vector<size_t> output_bytes;
};

class Program {
 public:
  // Resolves addresses. Throws std::out_of_range if an operand does not fit its memory.
  Program(std::shared_ptr<Device> device, const std::vector<Instruction>& instructions);

  Executor& executor() const { return *executor_; }

  // Acquires the right to run; false during another run.
  bool try_acquire() { return !running_.exchange(true); }
  void release() { running_ = false; }

 private:
  Step resolve(const Instruction& instruction);

  std::shared_ptr<Device> device_;
  std::vector<std::shared_ptr<Memory>> memories_;  // kept alive
  std::unique_ptr<Executor> executor_;
  std::atomic<bool> running_{false};
};

}  // namespace iabn
