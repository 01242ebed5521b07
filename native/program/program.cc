#include "program/program.h"

#include "comm/group.h"
#include "program/clock.h"

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
  step.name = instruction.op + (instruction.path.empty() ? "" : " at " + instruction.path);
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
    throw std::runtime_error(step.name + " failed: " + failure.what());
  }
}

void Program::run(size_t begin, size_t end, std::vector<Timing>* timings) const {
  try {
    for (size_t i = begin; i < end && i < steps_.size(); ++i) {
      const double start = now();
      run_step(steps_[i]);
      if (timings) timings->push_back({start, now()});
    }
  } catch (...) {
    // Sums that are under way write to the memory that the next run will use.
    Group::drain_all();
    throw;
  }
}

}  // namespace iabn
