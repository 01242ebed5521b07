// 1 at the label of each row, 0 elsewhere; rows whose label is ignored or outside the classes are 0.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/class_labels.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].elements(), classes = spec.attrs.integer("classes");
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const DType label_type = spec.inputs[0].dtype;
  return make_kernel_of([=](const KernelArgs& args) {
    const bool bytes = label_type == DType::u8;
    const Labels labels = {bytes ? nullptr : args.in<int32_t>(0), bytes ? args.in<uint8_t>(0) : nullptr,
                           classes, ignore};
    float* targets = args.out<float>(0);
    parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
      std::fill(targets + begin * classes, targets + end * classes, 0.0f);
      for (int64_t row = begin; row < end; ++row) {
        if (labels.counted(row)) targets[row * classes + labels.at(row)] = 1.0f;
      }
    });
  });
}

const OpRegistration registration("one_hot", {make});

}  // namespace
}  // namespace iabn
