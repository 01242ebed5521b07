#include "cpu/loops/through_float.h"

#include <algorithm>
#include <utility>

#include "cpu/ops/cast.h"
#include "program/workspace.h"

namespace iabn {
namespace {

// Location of an operand's float32 copy in the workspace.
struct Copy {
  size_t operand;
  size_t offset;
  int64_t elements;
};

class ThroughFloat : public Kernel {
 public:
  ThroughFloat(const KernelSpec& spec, const std::vector<KernelFactory>& implementations)
      : inputs_(spec.inputs.size()), outputs_(spec.outputs.size()) {
    KernelSpec inner = spec;
    widen_operands(inner.inputs, input_copies_);
    widen_operands(inner.outputs, output_copies_);
    if (input_copies_.empty() && output_copies_.empty()) throw Refused("no operand is bfloat16");
    kernel_ = first_accepting(inner, implementations, "float32");
    inner_workspace_ = layout_.add(kernel_->workspace_bytes());
  }

  size_t workspace_bytes() const override { return layout_.bytes(); }
  size_t layout_bytes() const override { return kernel_->layout_bytes(); }
  std::vector<size_t> laid_out_inputs() const override { return kernel_->laid_out_inputs(); }
  std::string implementation() const override { return "float32 copies, " + kernel_->implementation(); }

  // Only weights are laid out, and they are float32 already.
  void lay_out(const KernelArgs& args) override { kernel_->lay_out(inner(args, args.inputs, args.outputs)); }

  void run(const KernelArgs& args) override {
    std::copy(args.inputs.begin(), args.inputs.end(), inputs_.begin());
    std::copy(args.outputs.begin(), args.outputs.end(), outputs_.begin());
    for (const Copy& copy : input_copies_) {
      float* to = WorkspaceLayout::at<float>(args.workspace, copy.offset);
      cast_elements(args.in<bf16>(copy.operand), to, copy.elements);
      inputs_[copy.operand] = to;
    }
    for (const Copy& copy : output_copies_) {
      outputs_[copy.operand] = WorkspaceLayout::at(args.workspace, copy.offset);
    }
    kernel_->run(inner(args, inputs_, outputs_));
    for (const Copy& copy : output_copies_) {
      cast_elements(static_cast<const float*>(outputs_[copy.operand]), args.out<bf16>(copy.operand),
                    copy.elements);
    }
  }

 private:
  KernelArgs inner(const KernelArgs& args, const std::vector<void*>& inputs,
                   const std::vector<void*>& outputs) const {
    return {inputs, outputs, WorkspaceLayout::at(args.workspace, inner_workspace_), args.layout};
  }

  void widen_operands(std::vector<TensorDesc>& operands, std::vector<Copy>& copies) {
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].dtype != DType::bf16) continue;
      operands[i].dtype = DType::f32;
      copies.push_back({i, layout_.add(operands[i].bytes()), operands[i].elements()});
    }
  }

  WorkspaceLayout layout_;
  std::vector<Copy> input_copies_, output_copies_;
  std::vector<void*> inputs_, outputs_;  // operands of the float32 kernel, refilled at each run
  std::unique_ptr<Kernel> kernel_;
  size_t inner_workspace_ = 0;
};

}  // namespace

KernelFactory through_float(std::vector<KernelFactory> implementations) {
  return [implementations = std::move(implementations)](const KernelSpec& spec) -> std::unique_ptr<Kernel> {
    return std::make_unique<ThroughFloat>(spec, implementations);
  };
}

}  // namespace iabn
