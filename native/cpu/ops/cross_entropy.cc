// Mean over the counted rows of log Σ_k exp(x_k) − x_label; NaN without counted rows, as in PyTorch. With a
// row count over all processes: the sum divided by that count. With class weights w and label smoothing ε, as
// in PyTorch:
//   Σ [(1 − ε)·w_label·(lse − x_label) + ε/K·Σ_k w_k·(lse − x_k)] / Σ w_label,  lse = log Σ_k exp(x_k)
#include <algorithm>
#include <cmath>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

struct Partial {
  double loss;
  double count;  // rows, or their weights
};

template <class T>
IABN_INLINE Partial chunk_loss(const T* logits, Labels labels, int64_t begin, int64_t end) {
  Partial partial = {0.0, 0.0};
  for (int64_t row = begin; row < end; ++row) {
    if (!labels.counted(row)) continue;
    const T* x = logits + row * labels.classes;
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const float margin = softmax.max - load(x + labels.at(row));
    partial.loss += std::log(static_cast<double>(softmax.sum)) + static_cast<double>(margin);
    ++partial.count;
  }
  return partial;
}

template <class T>
IABN_INLINE Partial chunk_smoothed(const T* logits, Labels labels, const Smoothing& smoothing, int64_t begin,
                                   int64_t end) {
  Partial partial = {0.0, 0.0};
  for (int64_t row = begin; row < end; ++row) {
    if (!labels.counted(row)) continue;
    const T* x = logits + row * labels.classes;
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const double log_sum = std::log(static_cast<double>(softmax.sum));
    double others = 0.0;
    for (int64_t k = 0; k < labels.classes; ++k) {
      others += smoothing.weight(k) * (log_sum + static_cast<double>(softmax.max - load(x + k)));
    }
    const float weight = smoothing.weight(labels.at(row));
    const double own = log_sum + static_cast<double>(softmax.max - load(x + labels.at(row)));
    partial.loss += smoothing.own * weight * own + smoothing.other * others;
    partial.count += weight;
  }
  return partial;
}

IABN_SIMD Partial chunk_leaf(const float* logits, Labels labels, int64_t begin, int64_t end) {
  return chunk_loss(logits, labels, begin, end);
}

IABN_SIMD Partial chunk_leaf(const bf16* logits, Labels labels, int64_t begin, int64_t end) {
  return chunk_loss(logits, labels, begin, end);
}

IABN_SIMD Partial chunk_leaf(const float* logits, Labels labels, const Smoothing& smoothing, int64_t begin,
                             int64_t end) {
  return chunk_smoothed(logits, labels, smoothing, begin, end);
}

IABN_SIMD Partial chunk_leaf(const bf16* logits, Labels labels, const Smoothing& smoothing, int64_t begin,
                             int64_t end) {
  return chunk_smoothed(logits, labels, smoothing, begin, end);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows();
  const int64_t classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const DType label_type = spec.inputs[1].dtype;
  const int64_t chunk = loss_chunk_rows(rows);
  const int64_t chunks = loss_chunks(rows);
  const bool counted = spec.inputs.size() > 2 && spec.inputs[2].present();
  const SmoothingSpec smoothed(spec, 3);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* logits = args.in<T>(0);
        const Labels labels = labels_of(args, label_type, classes, ignore);
        Partial* partials = static_cast<Partial*>(args.workspace);
        parallel_tasks(chunks, rows * classes, [&](int64_t i) {
          const int64_t end = std::min(rows, (i + 1) * chunk);
          partials[i] = smoothed.any()
                            ? chunk_leaf(logits, labels, smoothed.of(args, classes), i * chunk, end)
                            : chunk_leaf(logits, labels, i * chunk, end);
        });
        Partial total = {0.0, 0.0};
        for (int64_t i = 0; i < chunks; ++i) {
          total.loss += partials[i].loss;
          total.count += partials[i].count;
        }
        const double count = counted ? *args.in<float>(2) : total.count;
        *args.out<float>(0) = static_cast<float>(total.loss / count);
      },
      static_cast<size_t>(chunks) * sizeof(Partial));
}

const OpRegistration registration("cross_entropy", {make});

}  // namespace
}  // namespace iabn
