// Kernel specifications and instructions, read from fields.
#pragma once

#include <memory>

#include "program/program.h"
#include "wasm/fields.h"
#include "wasm/linear_memory.h"

namespace iabn {

// Objects behind the handles of JavaScript. A program keeps its memory and kernels alive.
using MemoryHandle = std::shared_ptr<LinearMemory>;
struct KernelHandle {
  std::string op;
  std::shared_ptr<Kernel> kernel;
  std::vector<std::string> refusals;
  std::vector<size_t> input_bytes;
  std::vector<size_t> output_bytes;
  std::string description;  // in fields
};

// Throws std::invalid_argument if the operands do not fit WebAssembly's addresses.
KernelSpec to_spec(Fields& fields);
Instruction to_instruction(Fields& fields);

}  // namespace iabn
