// dlogits = (softmax(x) − [k = label])·dloss/counted rows (over all processes, if that count is given), 0 in
// ignored rows; may overwrite the logits. With class weights w and label smoothing ε:
//   dx_k = (((1 − ε)·w_label + ε/K·Σ w)·softmax(x)_k − (1 − ε)·w_label·[k = label] − ε/K·w_k)·dloss/Σ w_label
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/softmax.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void backward(const T* logits, T* dlogits, Labels labels, int64_t begin, int64_t end,
                          float scale) {
  for (int64_t row = begin; row < end; ++row) {
    const T* x = logits + row * labels.classes;
    T* dx = dlogits + row * labels.classes;
    if (!labels.counted(row)) {
      for (int64_t k = 0; k < labels.classes; ++k) store(dx + k, 0.0f);
      continue;
    }
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const int32_t label = labels.at(row);
    const float share = 1.0f / softmax.sum;
    const float correct = exp_nonpositive(load(x + label) - softmax.max) * share;
    const float factor = scale * share;
    IABN_ELEMENTWISE
    for (int64_t k = 0; k < labels.classes; ++k) {
      store(dx + k, exp_nonpositive(load(x + k) - softmax.max) * factor);
    }
    store(dx + label, (correct - 1.0f) * scale);
  }
}

template <class T>
IABN_INLINE void backward_smoothed(const T* logits, T* dlogits, Labels labels, const Smoothing& smoothing,
                                   float weights, int64_t begin, int64_t end, float scale) {
  for (int64_t row = begin; row < end; ++row) {
    const T* x = logits + row * labels.classes;
    T* dx = dlogits + row * labels.classes;
    if (!labels.counted(row)) {
      for (int64_t k = 0; k < labels.classes; ++k) store(dx + k, 0.0f);
      continue;
    }
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const int32_t label = labels.at(row);
    const float own = smoothing.own * smoothing.weight(label), share = 1.0f / softmax.sum;
    const float factor = own + smoothing.other * weights;
    for (int64_t k = 0; k < labels.classes; ++k) {
      const float probability = exp_nonpositive(load(x + k) - softmax.max) * share;
      const float target = smoothing.other * smoothing.weight(k) + (k == label ? own : 0.0f);
      store(dx + k, (factor * probability - target) * scale);
    }
  }
}

IABN_SIMD void backward_leaf(const float* logits, float* dlogits, Labels labels, const Smoothing& smoothing,
                             float weights, int64_t begin, int64_t end, float scale) {
  backward_smoothed(logits, dlogits, labels, smoothing, weights, begin, end, scale);
}

IABN_SIMD void backward_leaf(const bf16* logits, bf16* dlogits, Labels labels, const Smoothing& smoothing,
                             float weights, int64_t begin, int64_t end, float scale) {
  backward_smoothed(logits, dlogits, labels, smoothing, weights, begin, end, scale);
}

IABN_SIMD void backward_leaf(const float* logits, float* dlogits, Labels labels, int64_t begin, int64_t end,
                             float scale) {
  backward(logits, dlogits, labels, begin, end, scale);
}

IABN_SIMD void backward_leaf(const bf16* logits, bf16* dlogits, Labels labels, int64_t begin, int64_t end,
                             float scale) {
  backward(logits, dlogits, labels, begin, end, scale);
}

IABN_SIMD double count_leaf(Labels labels, const Smoothing& smoothing, int64_t begin, int64_t end) {
  double counted = 0.0;
  for (int64_t row = begin; row < end; ++row) {
    if (labels.counted(row)) counted += smoothing.weight(labels.at(row));
  }
  return counted;
}

// Number of counted rows, or the sum of their weights; partials[chunks].
double count_rows(Labels labels, const Smoothing& smoothing, int64_t rows, double* partials) {
  const int64_t chunk = loss_chunk_rows(rows), chunks = loss_chunks(rows);
  parallel_tasks(chunks, rows, [&](int64_t i) {
    partials[i] = count_leaf(labels, smoothing, i * chunk, std::min(rows, (i + 1) * chunk));
  });
  double counted = 0.0;
  for (int64_t i = 0; i < chunks; ++i) counted += partials[i];
  return counted;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows();
  const int64_t classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const DType label_type = spec.inputs[1].dtype;
  const bool given = spec.inputs.size() > 3 && spec.inputs[3].present();
  const SmoothingSpec smoothed(spec, 4);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* logits = args.in<T>(0);
        T* dlogits = args.out<T>(0);
        const Labels labels = labels_of(args, label_type, classes, ignore);
        const Smoothing smoothing = smoothed.of(args, classes);
        const double count = given
                                 ? *args.in<float>(3)
                                 : count_rows(labels, smoothing, rows, static_cast<double*>(args.workspace));
        const float scale = static_cast<float>(*args.in<float>(2) / count);
        if (!smoothed.any()) {
          return parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
            backward_leaf(logits, dlogits, labels, begin, end, scale);
          });
        }
        double weights = 0.0;
        for (int64_t k = 0; k < classes; ++k) weights += smoothing.weight(k);
        parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
          backward_leaf(logits, dlogits, labels, smoothing, static_cast<float>(weights), begin, end, scale);
        });
      },
      static_cast<size_t>(loss_chunks(rows)) * sizeof(double));
}

const OpRegistration registration("cross_entropy_backward", {make});

}  // namespace
}  // namespace iabn
