// Kernels from lambdas: the factory reads the specification once, and the lambda runs.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "cpu/loops/data.h"
#include "program/kernel.h"

namespace iabn {

template <class Run>
class ClosureKernel final : public Kernel {
 public:
  ClosureKernel(Run run, size_t workspace) : run_(std::move(run)), workspace_(workspace) {}
  size_t workspace_bytes() const override { return workspace_; }
  void run(const KernelArgs& args) override { run_(args); }

 private:
  Run run_;
  size_t workspace_;
};

// run(args)
template <class Run>
std::unique_ptr<Kernel> make_kernel_of(Run run, size_t workspace = 0) {
  return std::make_unique<ClosureKernel<Run>>(std::move(run), workspace);
}

// run(DataType<T>{}, args), with T the float or bf16 of a data operand.
template <class Run>
std::unique_ptr<Kernel> make_data_kernel(DType dtype, Run run, size_t workspace = 0) {
  std::unique_ptr<Kernel> kernel;
  with_data(dtype, [&](auto type) {
    kernel = make_kernel_of([run, type](const KernelArgs& args) { run(type, args); }, workspace);
  });
  return kernel;
}

}  // namespace iabn
