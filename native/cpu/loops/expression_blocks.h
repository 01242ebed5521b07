// Evaluates expressions (geometry/expression.h) a few hundred elements at a time. Each instruction is a loop
// over blocks that stay in the first-level cache, so intermediate values never reach memory, and the cost of
// dispatching instructions is negligible.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu/loops/data.h"
#include "geometry/expression.h"
#include "program/kernel.h"

namespace iabn {

// Maximum number of elements of a block.
constexpr int64_t kExpressionBlock = 512;

// An expression over a domain whose last two axes are split into blocks: some whole rows, or part of one.
struct ExpressionBlocks {
  Expression expression;
  Domain domain;
  std::vector<DType> dtypes;  // of the operands
  int64_t rows_at_a_time = 1;
  int64_t columns_at_a_time = 1;

  size_t axes() const { return domain.sizes.size(); }
  int64_t rows() const { return domain.sizes[axes() - 2]; }
  int64_t columns() const { return domain.sizes[axes() - 1]; }
  // Number of blocks along each axis; along the slow axes, one per element.
  std::vector<int64_t> counts() const;
};

// Throws std::invalid_argument if operands do not fit the expression or each other.
ExpressionBlocks expression_blocks(const KernelSpec& spec, const std::vector<int64_t>* left);

// The registers of one thread: 80 KiB, to be put on its stack.
class ExpressionThread {
 public:
  ExpressionThread(const ExpressionBlocks& blocks, const KernelArgs& args);

  struct Block {
    int64_t row, rows, column, columns;
    int64_t count() const { return rows * columns; }
  };

  // The block at these positions along all axes (counts()).
  Block locate(const int64_t* places);
  // Its values in order, in `out` or elsewhere. `out` may be the memory of an operand's block.
  const float* compute(const Block& block, float* out);

 private:
  const float* operand(size_t index, const Block& block);
  template <class T>
  const float* operand_of(size_t index, const Block& block);

  const ExpressionBlocks& blocks_;
  const KernelArgs& args_;
  int64_t offsets_[kMostOperands] = {};     // of each operand, along the slow axes
  const void* filled_[kMostOperands] = {};  // whose elements a block of a broadcast operand holds
  int64_t filled_count_[kMostOperands] = {};
  alignas(64) float area_[kNumbers + kMostNumbers][kExpressionBlock];
};

}  // namespace iabn
