// Mean over the counted rows of  log Σ_k exp(x_k) − x_label.  No counted row: NaN, as PyTorch. With a count
// of rows in all processes: the sum by that count.
#include <algorithm>
#include <cmath>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

struct Partial {
  double loss;
  int64_t rows;
};

template <class T>
IABN_INLINE Partial chunk_loss(const T* logits, Labels labels, int64_t begin, int64_t end) {
  Partial partial = {0.0, 0};
  for (int64_t row = begin; row < end; ++row) {
    if (!labels.counted(row)) continue;
    const T* x = logits + row * labels.classes;
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const float margin = softmax.max - load(x + labels.data[row]);
    partial.loss += std::log(static_cast<double>(softmax.sum)) + static_cast<double>(margin);
    ++partial.rows;
  }
  return partial;
}

IABN_SIMD Partial chunk_leaf(const float* logits, Labels labels, int64_t begin, int64_t end) {
  return chunk_loss(logits, labels, begin, end);
}

IABN_SIMD Partial chunk_leaf(const bf16* logits, Labels labels, int64_t begin, int64_t end) {
  return chunk_loss(logits, labels, begin, end);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows();
  const int64_t classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const int64_t chunk = loss_chunk_rows(rows);
  const int64_t chunks = loss_chunks(rows);
  const bool counted = spec.inputs.size() > 2 && spec.inputs[2].present();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* logits = args.in<T>(0);
        const Labels labels = {args.in<int32_t>(1), classes, ignore};
        Partial* partials = static_cast<Partial*>(args.workspace);
        parallel_tasks(chunks, rows * classes, [&](int64_t i) {
          partials[i] = chunk_leaf(logits, labels, i * chunk, std::min(rows, (i + 1) * chunk));
        });
        Partial total = {0.0, 0};
        for (int64_t i = 0; i < chunks; ++i) {
          total.loss += partials[i].loss;
          total.rows += partials[i].rows;
        }
        const double count = counted ? *args.in<float>(2) : static_cast<double>(total.rows);
        *args.out<float>(0) = static_cast<float>(total.loss / count);
      },
      static_cast<size_t>(chunks) * sizeof(Partial));
}

const OpRegistration registration("cross_entropy", {make});

}  // namespace
}  // namespace iabn
