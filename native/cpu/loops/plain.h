// The last implementation of an op: simple loops that support every shape.
#pragma once

#include "program/kernel.h"

namespace iabn {

class PlainKernel : public FunctionKernel {
 public:
  PlainKernel(const KernelSpec& spec, Function function) : FunctionKernel(spec, function, 0) {}
  std::string implementation() const override { return "plain"; }
};

// A factory of plain kernels for float32 operands; bfloat16 operands are passed as float copies.
template <FunctionKernel::Function function>
std::unique_ptr<Kernel> make_plain_float(const KernelSpec& spec) {
  for (const auto* operands : {&spec.inputs, &spec.outputs}) {
    for (const TensorDesc& operand : *operands) {
      if (operand.dtype == DType::bf16) throw Refused("the plain loops compute in float32 only");
    }
  }
  return std::make_unique<PlainKernel>(spec, function);
}

}  // namespace iabn
