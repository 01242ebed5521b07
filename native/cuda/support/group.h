// Kernels that one after the other are one launch for all of them: the updates of parameters.
#pragma once

#include <memory>
#include <vector>

#include "program/kernel.h"

namespace iabn::cuda {

// A launch in the place of several kernels'; what it needs on the device is its own.
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
  // Whether `other` may follow in one launch.
  virtual bool takes(const Kernel& other) const = 0;
  // `members`: of this kernel's group, in their order. Their operands do not overlap.
  virtual std::unique_ptr<GroupLaunch> group(const std::vector<Member>& members) const = 0;
};

}  // namespace iabn::cuda
