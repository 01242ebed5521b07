// Consecutive kernels combined into one launch: the updates of parameters.
#pragma once

#include <memory>
#include <vector>

#include "program/kernel.h"

namespace iabn::cuda {

// One launch instead of several kernels', with its own device memory.
class GroupLaunch {
 public:
  virtual ~GroupLaunch() = default;
  virtual void run() = 0;
};

class Grouped {
 public:
  struct Member {
    const Kernel* kernel;
    KernelArgs args;
  };

  virtual ~Grouped() = default;
  // True if `other` may follow in the same launch.
  virtual bool takes(const Kernel& other) const = 0;
  // `members`: of this kernel's group, in order. Their operands do not overlap.
  virtual std::unique_ptr<GroupLaunch> group(const std::vector<Member>& members) const = 0;
};

}  // namespace iabn::cuda
