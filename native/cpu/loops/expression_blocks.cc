#include "cpu/loops/expression_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"

namespace iabn {
namespace {

using Leaf = void (*)(const float* a, const float* b, const float* c, float* out, int64_t count);

IABN_INLINE float sign_of(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }
IABN_INLINE float exp_inverse(float z) {
  const float x = log_any(z);
  const float low = x < -87.0f ? -87.0f : x;
  return low > 87.0f ? 87.0f : low;
}

// The value of each function of elements.
#define IABN_LEAVES(LEAF)                                              \
  LEAF(copy, a[i])                                                     \
  LEAF(abs, float_of(bits_of(a[i]) & 0x7fffffffu))                     \
  LEAF(add, a[i] + b[i])                                               \
  LEAF(div, a[i] / b[i])                                               \
  LEAF(elu, (Elu<float>{b[i], 1.0f / b[i]}.forward(a[i])))             \
  LEAF(elu_diff, (Elu<float>{c[i], 1.0f / c[i]}.backward(b[i], a[i]))) \
  LEAF(elu_invert, (Elu<float>{b[i], 1.0f / b[i]}.invert(a[i])))       \
  LEAF(exp, exp_any(a[i]))                                             \
  LEAF(exp_invert, exp_inverse(a[i]))                                  \
  LEAF(leaky_relu, (LeakyRelu{b[i], 0.0f}.forward(a[i])))              \
  LEAF(leaky_relu_diff, (LeakyRelu{c[i], 0.0f}.backward(b[i], a[i])))  \
  LEAF(log, log_any(a[i]))                                             \
  LEAF(mul, a[i] * b[i])                                               \
  LEAF(neg, -a[i])                                                     \
  LEAF(relu, Relu{}.forward(a[i]))                                     \
  LEAF(relu_diff, Relu{}.backward(b[i], a[i]))                         \
  LEAF(sigmoid, sigmoid_of(a[i]))                                      \
  LEAF(sign, sign_of(a[i]))                                            \
  LEAF(sqrt, std::sqrt(a[i]))                                          \
  LEAF(sub, a[i] - b[i])                                               \
  LEAF(tanh, tanh_of(a[i]))

// The result may overwrite an argument.
#define IABN_LEAF(name, value)                                                                 \
  IABN_SIMD void name##_leaf([[maybe_unused]] const float* a, [[maybe_unused]] const float* b, \
                             [[maybe_unused]] const float* c, float* out, int64_t count) {     \
    IABN_ELEMENTWISE                                                                           \
    for (int64_t i = 0; i < count; ++i) out[i] = value;                                        \
  }
IABN_LEAVES(IABN_LEAF)

Leaf leaf_of(Function function) {
  switch (function) {
#define IABN_CASE(name, value) \
  case Function::name:         \
    return name##_leaf;
    IABN_LEAVES(IABN_CASE)
  }
  throw std::invalid_argument("unknown function of elements");
}

#undef IABN_LEAVES
#undef IABN_LEAF
#undef IABN_CASE

void read_row(const float* from, float* to, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}
void read_row(const bf16* from, float* to, int64_t count) { widen(from, to, count); }

}  // namespace

std::vector<int64_t> ExpressionBlocks::counts() const {
  std::vector<int64_t> counts = domain.sizes;
  counts[axes() - 2] = ceil_div(rows(), rows_at_a_time);
  counts[axes() - 1] = ceil_div(columns(), columns_at_a_time);
  return counts;
}

ExpressionBlocks expression_blocks(const KernelSpec& spec, const std::vector<int64_t>* left) {
  ExpressionBlocks blocks;
  blocks.expression = parse_expression(spec.attrs);
  if (static_cast<size_t>(blocks.expression.operands) != spec.inputs.size()) {
    throw std::invalid_argument("the operands do not match the expression");
  }
  for (const TensorDesc& operand : spec.inputs) {
    with_data(operand.dtype, [](auto) {});
    blocks.dtypes.push_back(operand.dtype);
  }
  blocks.domain = broadcast_domain(spec.inputs, spec.attrs.integers("domain"), left);
  const int64_t columns = std::max<int64_t>(1, blocks.columns());
  blocks.columns_at_a_time = std::min(columns, kExpressionBlock);
  blocks.rows_at_a_time =
      std::clamp<int64_t>(kExpressionBlock / columns, 1, std::max<int64_t>(1, blocks.rows()));
  return blocks;
}

ExpressionThread::ExpressionThread(const ExpressionBlocks& blocks, const KernelArgs& args)
    : blocks_(blocks), args_(args) {
  const auto& numbers = blocks.expression.numbers;
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::fill_n(area_[kNumbers + i], kExpressionBlock, numbers[i]);
  }
}

ExpressionThread::Block ExpressionThread::locate(const int64_t* places) {
  const size_t last = blocks_.axes() - 1;
  for (size_t k = 0; k < blocks_.dtypes.size(); ++k) {
    offsets_[k] = 0;
    for (size_t axis = 0; axis + 1 < last; ++axis) {
      offsets_[k] += places[axis] * blocks_.domain.strides[k][axis];
    }
  }
  const int64_t row = places[last - 1] * blocks_.rows_at_a_time;
  const int64_t column = places[last] * blocks_.columns_at_a_time;
  return {row, std::min(blocks_.rows_at_a_time, blocks_.rows() - row), column,
          std::min(blocks_.columns_at_a_time, blocks_.columns() - column)};
}

const float* ExpressionThread::compute(const Block& block, float* out) {
  const float* at[kNumbers + kMostNumbers];
  for (size_t k = 0; k < blocks_.dtypes.size(); ++k) at[k] = operand(k, block);
  for (size_t i = blocks_.dtypes.size(); i < kNumbers + kMostNumbers; ++i) at[i] = area_[i];
  const std::vector<Instruction>& instructions = blocks_.expression.instructions;
  const Instruction& last = instructions.back();
  if (out == nullptr && last.function == Function::copy) return at[last.from[0]];
  for (const Instruction& next : instructions) {
    float* to = &next == &last && out != nullptr ? out : area_[next.to];
    leaf_of(next.function)(at[next.from[0]], at[next.from[1]], at[next.from[2]], to, block.count());
  }
  return out != nullptr ? out : area_[last.to];
}

const float* ExpressionThread::operand(size_t index, const Block& block) {
  if (blocks_.dtypes[index] == DType::f32) return operand_of<float>(index, block);
  return operand_of<bf16>(index, block);
}

template <class T>
const float* ExpressionThread::operand_of(size_t index, const Block& block) {
  const std::vector<int64_t>& strides = blocks_.domain.strides[index];
  const int64_t along_rows = strides[blocks_.axes() - 2], along = strides[blocks_.axes() - 1];
  const T* from = args_.in<T>(index) + offsets_[index] + block.row * along_rows + block.column * along;
  float* to = area_[index];
  const int64_t columns = block.columns, count = block.count();
  const bool whole_rows = block.rows == 1 || (along_rows == columns && columns == blocks_.columns());
  if ((along == 1 || columns == 1) && whole_rows) {
    if constexpr (std::is_same_v<T, float>) {
      return from;
    } else {
      widen(from, to, count);
      return to;
    }
  }
  // Registers that do not change between blocks are already filled.
  if (filled_[index] == from && filled_count_[index] >= count) return to;
  for (int64_t row = 0; row < block.rows; ++row) {
    float* line = to + row * columns;
    if (row > 0 && along_rows == 0) {
      read_row(to, line, columns);
    } else if (along == 0) {
      std::fill_n(line, columns, load(from + row * along_rows));
    } else {
      read_row(from + row * along_rows, line, columns);
    }
  }
  filled_[index] = along_rows == 0 || block.rows == 1 ? from : nullptr;
  filled_count_[index] = count;
  return to;
}

}  // namespace iabn
