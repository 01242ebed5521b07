// The expressions of elementwise ops, as their text is read: instructions over registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/attrs.h"
#include "program/tensor.h"

namespace iabn {

// As packages/core/src/ir/scalar-functions.ts defines them.
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

// Where an argument is found: operands are 0 to 7, then the registers that results are written to, then the
// numbers in the text.
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

// The expression of the attribute `program`. Throws std::invalid_argument where it is none, or too long.
Expression parse_expression(const Attrs& attrs);

// What an expression's operands are along the axes of memory.
struct Domain {
  std::vector<int64_t> sizes;                 // the slowest first; neighbours that all walk alike are one
  std::vector<bool> summed;                   // of each
  std::vector<std::vector<int64_t>> strides;  // of each operand: elements, 0 where it is the same

  int64_t elements() const;
};

// Of the operands broadcast to each other and to `domain`. `left`: dimensions of what sums leave; null:
// nothing is summed. There are two sizes at least. Throws std::invalid_argument where shapes do not fit
// together.
Domain broadcast_domain(const std::vector<TensorDesc>& operands, const std::vector<int64_t>& domain,
                        const std::vector<int64_t>* left);

}  // namespace iabn
