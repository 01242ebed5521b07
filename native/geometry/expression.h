// Parsed expressions of elementwise ops: instructions over registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/attrs.h"
#include "program/tensor.h"

namespace iabn {

// Defined by packages/core/src/ir/scalar-functions.ts.
enum class Function : uint8_t {
  copy,  // of an operand that is the result as it is
  abs,
  add,
  div,
  elu,
  elu_diff,
  elu_invert,
  exp,
  exp_invert,
  leaky_relu,
  leaky_relu_diff,
  log,
  mul,
  neg,
  relu,
  relu_diff,
  sigmoid,
  sign,
  sqrt,
  sub,
  tanh,
};

constexpr int kMostOperands = 8;
constexpr int kMostRegisters = 16;
constexpr int kMostInstructions = 48;
constexpr int kMostNumbers = 16;

// Argument numbering: operands are 0 to 7, followed by the result registers, then the numbers in the text.
constexpr int kRegisters = kMostOperands;
constexpr int kNumbers = kMostOperands + kMostRegisters;

struct Instruction {
  Function function = Function::copy;
  uint8_t arity = 1;
  uint8_t to = kRegisters;  // a register
  uint8_t from[3] = {};
};

struct Expression {
  std::vector<Instruction> instructions;  // one at least; the last gives the result
  std::vector<float> numbers;
  int operands = 0;
  int registers = 0;  // in use at once
};

// Parses the attribute `program`. Throws std::invalid_argument if it is malformed or too long.
Expression parse_expression(const Attrs& attrs);

// The operands of an expression along the storage axes.
struct Domain {
  std::vector<int64_t> sizes;                 // slowest first; adjacent axes with matching strides are merged
  std::vector<bool> summed;                   // of each
  std::vector<std::vector<int64_t>> strides;  // of each operand: elements, 0 where it is the same

  int64_t elements() const;
};

// Broadcasts the operands to each other and to `domain`. `left`: dimensions that remain after sums; null if
// nothing is summed. The result has at least two sizes. Throws std::invalid_argument if shapes do not fit.
Domain broadcast_domain(const std::vector<TensorDesc>& operands, const std::vector<int64_t>& domain,
                        const std::vector<int64_t>* left);

}  // namespace iabn
