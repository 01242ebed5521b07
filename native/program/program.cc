#include "program/program.h"

#include <chrono>

namespace iabn {
namespace {

std::vector<void*> addresses(const std::vector<Operand>& operands, const std::vector<size_t>& bytes) {
  std::vector<void*> result;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Operand& operand = operands[i];
    result.push_back(operand.memory ? operand.memory->range(operand.offset, bytes.at(i)) : nullptr);
  }
  return result;
}

}  // namespace

void Program::add(const Instruction& instruction, const std::vector<size_t>& input_bytes,
                  const std::vector<size_t>& output_bytes) {
  Step step;
  step.op = instruction.op;
  step.kernel = instruction.kernel;
  step.inputs = addresses(instruction.inputs, input_bytes);
  step.outputs = addresses(instruction.outputs, output_bytes);
  const Operand& workspace = instruction.workspace;
  const size_t needed = instruction.kernel->workspace_bytes();
  if (needed > 0 && !workspace.memory) throw std::invalid_argument("an instruction lacks its workspace");
  step.workspace = workspace.memory ? workspace.memory->range(workspace.offset, needed) : nullptr;
  for (const auto* list : {&instruction.inputs, &instruction.outputs}) {
    for (const Operand& operand : *list) {
      if (operand.memory) memories_.push_back(operand.memory);
    }
  }
  if (workspace.memory) memories_.push_back(workspace.memory);
  steps_.push_back(std::move(step));
}

void Program::run_step(const Step& step) {
  try {
    step.kernel->run(KernelArgs{step.inputs, step.outputs, step.workspace});
  } catch (const RunStopped&) {
    throw;
  } catch (const std::exception& failure) {
    throw std::runtime_error("kernel " + step.op + " failed: " + failure.what());
  }
}

void Program::run(size_t begin, size_t end, double* seconds) const {
  using Clock = std::chrono::steady_clock;
  for (size_t i = begin; i < end && i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto start = Clock::now();
    run_step(step);
    if (seconds) seconds[i - begin] = std::chrono::duration<double>(Clock::now() - start).count();
  }
}

}  // namespace iabn
