// Counts how many elements of each label were predicted as each class. Labels outside the classes are
// ignored.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

constexpr int64_t kMostChunks = 16, kChunkElements = 65536;

void count_chunk(const uint8_t* predicted, const Labels& labels, int64_t begin, int64_t end, int32_t* cells) {
  for (int64_t i = begin; i < end; ++i) {
    if (!labels.counted(i) || predicted[i] >= labels.classes) continue;
    ++cells[labels.at(i) * labels.classes + predicted[i]];
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[0].elements(), classes = spec.attrs.integer("classes");
  const DType label_type = spec.inputs[1].dtype;
  const int64_t cells = classes * classes;
  const int64_t chunks = std::max<int64_t>(1, std::min(kMostChunks, ceil_div(count, kChunkElements)));
  const int64_t chunk = ceil_div(count, chunks);
  return make_kernel_of(
      [=](const KernelArgs& args) {
        const Labels labels = labels_of(args, label_type, classes, -1);
        int32_t* partials = static_cast<int32_t*>(args.workspace);
        std::fill_n(partials, chunks * cells, 0);
        parallel_tasks(chunks, count, [&](int64_t i) {
          count_chunk(args.in<uint8_t>(0), labels, i * chunk, std::min(count, (i + 1) * chunk),
                      partials + i * cells);
        });
        int32_t* matrix = args.out<int32_t>(0);
        std::copy_n(partials, cells, matrix);
        for (int64_t i = cells; i < chunks * cells; ++i) matrix[i % cells] += partials[i];
      },
      static_cast<size_t>(chunks * cells) * sizeof(int32_t));
}

const OpRegistration registration("confusion", {make});

}  // namespace
}  // namespace iabn
