// The CUDA kernels by op: ordered lists of implementations, fastest first, like the CPU's.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cuda/support/context.h"
#include "program/kernel.h"

namespace iabn::cuda {

using Factory = std::function<std::unique_ptr<Kernel>(const KernelSpec&, Context&)>;

void register_op(const char* op, std::vector<Factory> implementations);
MadeKernel make_kernel(const KernelSpec& spec, Context& context);

struct OpRegistration {
  OpRegistration(const char* op, std::vector<Factory> implementations) {
    register_op(op, std::move(implementations));
  }
};

// For kernels that involve the host: the stream is empty when run() returns, and graphs do not contain them.
class HostStep {
 public:
  virtual ~HostStep() = default;
};

// For kernels whose operands can be invalid in a way that only the device detects.
class Checked {
 public:
  virtual ~Checked() = default;
  // Throws the problem that the device detected; the stream is empty.
  virtual void check() = 0;
};

}  // namespace iabn::cuda
