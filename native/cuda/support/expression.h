// Expressions (geometry/expression.h) on the device: a thread interprets the instructions for one element
// after another, with registers in the block's shared memory, where they can be indexed at run time.
#pragma once

#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/launch.h"
#include "geometry/expression.h"

namespace iabn::cuda {

constexpr int kMostAxes = 6;

// The kernel's argument.
struct ExpressionView {
  Instruction instructions[kMostInstructions];
  float numbers[kMostNumbers];
  int count, operands, axes;
  int64_t sizes[kMostAxes];
  bool summed[kMostAxes];
  int64_t strides[kMostOperands][kMostAxes];
  DType dtypes[kMostOperands];
  const void* data[kMostOperands];

  ExpressionView at(const KernelArgs& args) const {
    ExpressionView view = *this;
    for (int k = 0; k < operands; ++k) view.data[k] = args.inputs[static_cast<size_t>(k)];
    return view;
  }

  int64_t elements(bool of_summed) const {
    int64_t count_ = 1;
    for (int axis = 0; axis < axes; ++axis) count_ *= summed[axis] == of_summed ? sizes[axis] : 1;
    return count_;
  }
};

// `left`: dimensions that remain after sums; null if nothing is summed.
inline ExpressionView expression_view(const KernelSpec& spec, const std::vector<int64_t>* left) {
  const Expression expression = parse_expression(spec.attrs);
  const Domain domain = broadcast_domain(spec.inputs, spec.attrs.integers("domain"), left);
  if (static_cast<size_t>(expression.operands) != spec.inputs.size()) {
    throw std::invalid_argument("the operands do not match the expression");
  }
  if (domain.sizes.size() > kMostAxes) throw std::invalid_argument("an expression over too many axes");
  ExpressionView view = {};
  view.count = static_cast<int>(expression.instructions.size());
  view.operands = expression.operands;
  view.axes = static_cast<int>(domain.sizes.size());
  std::copy(expression.instructions.begin(), expression.instructions.end(), view.instructions);
  std::copy(expression.numbers.begin(), expression.numbers.end(), view.numbers);
  std::copy(domain.sizes.begin(), domain.sizes.end(), view.sizes);
  std::copy(domain.summed.begin(), domain.summed.end(), view.summed);
  for (size_t k = 0; k < spec.inputs.size(); ++k) {
    with_data(spec.inputs[k].dtype, [](auto) {});
    view.dtypes[k] = spec.inputs[k].dtype;
    std::copy(domain.strides[k].begin(), domain.strides[k].end(), view.strides[k]);
  }
  return view;
}

// Adds to `offsets` each operand's offset of element `number` of the summed or the other axes.
__device__ __forceinline__ void add_offsets(const ExpressionView& view, int64_t number, bool of_summed,
                                            int64_t (&offsets)[kMostOperands]) {
  for (int axis = view.axes - 1; axis >= 0 && number > 0; --axis) {
    if (view.summed[axis] != of_summed) continue;
    const int64_t size = view.sizes[axis];
    const int64_t rest = number / size, place = number - rest * size;
    number = rest;
    for (int k = 0; k < view.operands; ++k) offsets[k] += place * view.strides[k][axis];
  }
}

__device__ __forceinline__ float load_any(const void* data, DType dtype, int64_t at) {
  if (dtype == DType::f32) return static_cast<const float*>(data)[at];
  if (dtype == DType::bf16) return to_float(static_cast<const bf16*>(data)[at]);
  return to_float(static_cast<const f16*>(data)[at]);
}

__device__ __forceinline__ float apply_function(Function function, float a, float b, float c) {
  switch (function) {
    case Function::copy:
      return a;
    case Function::abs:
      return fabsf(a);
    case Function::add:
      return a + b;
    case Function::div:
      return a / b;
    case Function::elu:
      return Elu{b, 1.0f / b}.forward(a);
    case Function::elu_diff:
      return Elu{c, 1.0f / c}.backward(b, a);
    case Function::elu_invert:
      return Elu{b, 1.0f / b}.invert(a);
    case Function::exp:
      return expf(a);
    case Function::exp_invert: {
      const float x = logf(a);
      return x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
    }
    case Function::leaky_relu:
      return LeakyRelu{b, 0.0f}.forward(a);
    case Function::leaky_relu_diff:
      return LeakyRelu{c, 0.0f}.backward(b, a);
    case Function::log:
      return logf(a);
    case Function::mul:
      return a * b;
    case Function::neg:
      return -a;
    case Function::relu:
      return Relu{}.forward(a);
    case Function::relu_diff:
      return Relu{}.backward(b, a);
    case Function::sigmoid:
      return 1.0f / (1.0f + expf(-a));
    case Function::sign:
      return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a;
    case Function::sqrt:
      return sqrtf(a);
    case Function::sub:
      return a - b;
    case Function::tanh:
      return tanhf(a);
  }
  return a;
}

// Evaluates the expression for the elements at `offsets`; `registers`: kNumbers·kThreads floats of the block.
__device__ __forceinline__ float compute_element(const ExpressionView& view,
                                                 const int64_t (&offsets)[kMostOperands], float* registers) {
  float* own = registers + threadIdx.x;
  for (int k = 0; k < view.operands; ++k) {
    own[static_cast<unsigned>(k) * kThreads] = load_any(view.data[k], view.dtypes[k], offsets[k]);
  }
  const auto argument = [&](int from) {
    return from < kNumbers ? own[static_cast<unsigned>(from) * kThreads] : view.numbers[from - kNumbers];
  };
  float value = 0.0f;
  for (int i = 0; i < view.count; ++i) {
    const Instruction& next = view.instructions[i];
    const float a = argument(next.from[0]);
    const float b = next.arity > 1 ? argument(next.from[1]) : 0.0f;
    const float c = next.arity > 2 ? argument(next.from[2]) : 0.0f;
    value = apply_function(next.function, a, b, c);
    own[static_cast<unsigned>(next.to) * kThreads] = value;
  }
  return value;
}

}  // namespace iabn::cuda
