// Kernels over rows of classes, one warp per row; all operands and the result have the same shape.
#pragma once

#include <utility>

#include "cuda/support/kernels.h"
#include "cuda/support/softmax.h"

namespace iabn::cuda {

// run(rows, classes, operands…, result) enqueues the kernel.
template <size_t... Operand, class Run>
std::unique_ptr<Kernel> make_class_rows(const KernelSpec& spec, std::index_sequence<Operand...>, Run run) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    run(rows, classes, args.in<T>(Operand)..., args.out<T>(0));
  });
}

template <size_t Operands, class Run>
std::unique_ptr<Kernel> make_class_rows(const KernelSpec& spec, Run run) {
  return make_class_rows(spec, std::make_index_sequence<Operands>{}, run);
}

}  // namespace iabn::cuda
