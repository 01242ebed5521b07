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

void* block(const Operand& operand, size_t needed, const char* what) {
  if (operand.memory) return operand.memory->range(operand.offset, needed);
  if (needed > 0) throw std::invalid_argument(std::string("an instruction lacks its ") + what);
  return nullptr;
}

}  // namespace

void Program::add(const Instruction& instruction, const std::vector<size_t>& input_bytes,
                  const std::vector<size_t>& output_bytes) {
  Step step;
  step.op = instruction.op;
  step.kernel = instruction.kernel;
  step.inputs = addresses(instruction.inputs, input_bytes);
  step.outputs = addresses(instruction.outputs, output_bytes);
  step.workspace = block(instruction.workspace, instruction.kernel->workspace_bytes(), "workspace");
  step.layout = block(instruction.layout, instruction.kernel->layout_bytes(), "layout");
  step.lays_out = instruction.lays_out;
  for (const auto* list : {&instruction.inputs, &instruction.outputs}) {
    for (const Operand& operand : *list) {
      if (operand.memory) memories_.push_back(operand.memory);
    }
  }
  for (const auto* operand : {&instruction.workspace, &instruction.layout}) {
    if (operand->memory) memories_.push_back(operand->memory);
  }
  steps_.push_back(std::move(step));
}

void Program::run_step(const Step& step) {
  try {
    const KernelArgs args{step.inputs, step.outputs, step.workspace, step.layout};
    if (step.lays_out) {
      step.kernel->lay_out(args);
    } else {
      step.kernel->run(args);
    }
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
