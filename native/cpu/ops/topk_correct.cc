// For each k, counts rows whose label is among the k largest logits. The rank of a label is the number of
// classes before it: NaN first, then in descending order, ties by index. Labels outside the classes are
// ignored.
#include <algorithm>
#include <vector>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE int32_t rank_of(const T* x, int32_t classes, int32_t label) {
  const float value = load(x + label);
  int32_t rank = 0;
  if (value != value) {
    for (int32_t k = 0; k < label; ++k) rank += load(x + k) != load(x + k) ? 1 : 0;
    return rank;
  }
  // Negated, so that NaN counts as larger.
  for (int32_t k = 0; k < label; ++k) rank += load(x + k) < value ? 0 : 1;
  for (int32_t k = label + 1; k < classes; ++k) rank += load(x + k) <= value ? 0 : 1;
  return rank;
}

// The ranks of `rows` rows starting at `first`; beyond all classes if the label is not a class.
template <class T>
IABN_INLINE void rank_rows(const T* logits, Labels labels, int64_t first, int64_t rows, int32_t* ranks) {
  const int32_t classes = static_cast<int32_t>(labels.classes);
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t label = labels.at(first + row);
    const bool counted = label >= 0 && label < classes;
    ranks[row] = counted ? rank_of(logits + (first + row) * labels.classes, classes, label) : INT32_MAX;
  }
}

IABN_SIMD void rank_leaf(const float* logits, Labels labels, int64_t first, int64_t rows, int32_t* ranks) {
  rank_rows(logits, labels, first, rows, ranks);
}

IABN_SIMD void rank_leaf(const bf16* logits, Labels labels, int64_t first, int64_t rows, int32_t* ranks) {
  rank_rows(logits, labels, first, rows, ranks);
}

// Counts the rows [begin, end) for every k.
template <class T>
void count_rows(const T* logits, Labels labels, int64_t begin, int64_t end, const std::vector<int64_t>& ks,
                int32_t* counts) {
  constexpr int64_t strip = 64;
  int32_t ranks[strip];
  std::fill(counts, counts + ks.size(), 0);
  for (int64_t row = begin; row < end; row += strip) {
    const int64_t rows = std::min(strip, end - row);
    rank_leaf(logits, labels, row, rows, ranks);
    for (size_t i = 0; i < ks.size(); ++i) {
      for (int64_t r = 0; r < rows; ++r) counts[i] += ranks[r] != INT32_MAX && ranks[r] < ks[i];
    }
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  const DType label_type = spec.inputs[1].dtype;
  const std::vector<int64_t> ks = spec.attrs.integers("k");
  const int64_t chunk = loss_chunk_rows(rows), chunks = loss_chunks(rows);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* logits = args.in<T>(0);
        const Labels labels = labels_of(args, label_type, classes, -1);
        const int64_t width = static_cast<int64_t>(ks.size());
        int32_t* partials = static_cast<int32_t*>(args.workspace);
        parallel_tasks(chunks, rows * classes, [&](int64_t i) {
          count_rows(logits, labels, i * chunk, std::min(rows, (i + 1) * chunk), ks, partials + i * width);
        });
        int32_t* correct = args.out<int32_t>(0);
        std::fill(correct, correct + width, 0);
        for (int64_t i = 0; i < chunks * width; ++i) correct[i % width] += partials[i];
      },
      static_cast<size_t>(chunks) * ks.size() * sizeof(int32_t));
}

const OpRegistration registration("topk_correct", {make});

}  // namespace
}  // namespace iabn
