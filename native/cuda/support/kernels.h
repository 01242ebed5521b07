// Kernels from lambdas: the factory reads the specification once, and the lambda enqueues.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "cuda/support/cuda.h"
#include "cuda/support/numbers.h"
#include "cuda/support/registry.h"

namespace iabn::cuda {

template <class Run>
class LaunchKernel : public Kernel {
 public:
  LaunchKernel(Run run, size_t workspace) : run_(std::move(run)), workspace_(workspace) {}
  size_t workspace_bytes() const override { return workspace_; }
  std::string implementation() const override { return "cuda"; }
  void run(const KernelArgs& args) override { run_(args); }

 private:
  Run run_;
  size_t workspace_;
};

template <class Run>
class HostKernel final : public LaunchKernel<Run>, public HostStep {
 public:
  using LaunchKernel<Run>::LaunchKernel;
};

// run(args) enqueues on the context's stream.
template <class Run>
std::unique_ptr<Kernel> make_kernel_of(Run run, size_t workspace = 0) {
  return std::make_unique<LaunchKernel<Run>>(std::move(run), workspace);
}

template <class Run>
std::unique_ptr<Kernel> make_host_kernel(Run run, size_t workspace = 0) {
  return std::make_unique<HostKernel<Run>>(std::move(run), workspace);
}

template <class T>
struct DataType {
  using type = T;
};

// body(DataType<T>{}) with T the float, bf16 or f16 of a data operand.
template <class Body>
auto with_data(DType dtype, Body&& body) {
  if (dtype == DType::f32) return body(DataType<float>{});
  if (dtype == DType::bf16) return body(DataType<bf16>{});
  if (dtype == DType::f16) return body(DataType<f16>{});
  throw std::invalid_argument("expected float32, bfloat16 or float16 data");
}

// run(DataType<T>{}, args)
template <class Run>
std::unique_ptr<Kernel> make_data_kernel(DType dtype, Run run, size_t workspace = 0) {
  return with_data(dtype, [&](auto type) {
    return make_kernel_of([run, type](const KernelArgs& args) { run(type, args); }, workspace);
  });
}

}  // namespace iabn::cuda
