// Kernels over rows of classes: each row is processed by one thread; all operands and the result have the
// same shape.
#pragma once

#include <utility>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {

// Calls leaf(operands…, result, classes, rows) for ranges of rows.
template <size_t... Operand, class Leaf>
std::unique_ptr<Kernel> make_class_rows(const KernelSpec& spec, std::index_sequence<Operand...>, Leaf leaf) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * classes;
      leaf((args.in<T>(Operand) + first)..., args.out<T>(0) + first, classes, end - begin);
    });
  });
}

template <size_t Operands, class Leaf>
std::unique_ptr<Kernel> make_class_rows(const KernelSpec& spec, Leaf leaf) {
  return make_class_rows(spec, std::make_index_sequence<Operands>{}, leaf);
}

}  // namespace iabn
