// Kernels whose operands and result have one shape and dtype.
#pragma once

#include <utility>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "program/activation.h"

namespace iabn {

// Calls leaf(operands…, result, count) for ranges of `items` items of `size` elements each.
template <size_t... Operand, class Leaf>
std::unique_ptr<Kernel> make_ranges(const KernelSpec& spec, int64_t items, int64_t size, int64_t grain,
                                    std::index_sequence<Operand...>, Leaf leaf) {
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_range(items, size, grain, [&](int64_t begin, int64_t end) {
      leaf((args.in<T>(Operand) + begin * size)..., args.out<T>(0) + begin * size, end - begin);
    });
  });
}

// leaf(operands…, result, elements, activation)
template <size_t Operands, class Leaf>
std::unique_ptr<Kernel> make_activated(const KernelSpec& spec, Leaf leaf) {
  const Activation activation = parse_activation(spec.attrs);
  return make_ranges(spec, spec.inputs[0].elements(), 1, 64, std::make_index_sequence<Operands>{},
                     [=](auto... range) { leaf(range..., activation); });
}

// leaf(operands…, result, rows, classes): a row of classes is processed by one thread.
template <size_t Operands, class Leaf>
std::unique_ptr<Kernel> make_class_rows(const KernelSpec& spec, Leaf leaf) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_ranges(spec, rows, classes, 1, std::make_index_sequence<Operands>{},
                     [=](auto... range) { leaf(range..., classes); });
}

}  // namespace iabn
