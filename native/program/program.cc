#include "program/program.h"

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

Program::Program(std::shared_ptr<Device> device, const std::vector<Instruction>& instructions)
    : device_(std::move(device)) {
  std::vector<Step> steps;
  for (const Instruction& instruction : instructions) steps.push_back(resolve(instruction));
  executor_ = device_->load(std::move(steps));
}

Step Program::resolve(const Instruction& instruction) {
  Step step;
  step.name = instruction.op + (instruction.path.empty() ? "" : " at " + instruction.path);
  step.kernel = instruction.kernel;
  step.inputs = addresses(instruction.inputs, instruction.input_bytes);
  step.outputs = addresses(instruction.outputs, instruction.output_bytes);
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
  return step;
}

}  // namespace iabn
