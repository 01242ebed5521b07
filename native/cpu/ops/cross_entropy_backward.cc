// dlogits = (softmax(x) − [k = label])·dloss/counted rows (of all processes, where their count is given), 0
// in ignored rows; may be written over the logits.
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
    const int32_t label = labels.data[row];
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

IABN_SIMD void backward_leaf(const float* logits, float* dlogits, Labels labels, int64_t begin, int64_t end,
                             float scale) {
  backward(logits, dlogits, labels, begin, end, scale);
}

IABN_SIMD void backward_leaf(const bf16* logits, bf16* dlogits, Labels labels, int64_t begin, int64_t end,
                             float scale) {
  backward(logits, dlogits, labels, begin, end, scale);
}

IABN_SIMD int64_t count_leaf(Labels labels, int64_t begin, int64_t end) {
  int64_t counted = 0;
  for (int64_t row = begin; row < end; ++row) counted += labels.counted(row);
  return counted;
}

// Rows that count, of all; partials[chunks].
int64_t count_rows(Labels labels, int64_t rows, int64_t* partials) {
  const int64_t chunk = loss_chunk_rows(rows), chunks = loss_chunks(rows);
  parallel_tasks(chunks, rows, [&](int64_t i) {
    partials[i] = count_leaf(labels, i * chunk, std::min(rows, (i + 1) * chunk));
  });
  int64_t counted = 0;
  for (int64_t i = 0; i < chunks; ++i) counted += partials[i];
  return counted;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows();
  const int64_t classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const bool given = spec.inputs.size() > 3 && spec.inputs[3].present();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* logits = args.in<T>(0);
        T* dlogits = args.out<T>(0);
        const Labels labels = {args.in<int32_t>(1), classes, ignore};
        const double count =
            given ? *args.in<float>(3)
                  : static_cast<double>(count_rows(labels, rows, static_cast<int64_t*>(args.workspace)));
        const float scale = static_cast<float>(*args.in<float>(2) / count);
        parallel_range(rows, classes, 1, [&](int64_t begin, int64_t end) {
          backward_leaf(logits, dlogits, labels, begin, end, scale);
        });
      },
      static_cast<size_t>(loss_chunks(rows)) * sizeof(int64_t));
}

const OpRegistration registration("cross_entropy_backward", {make});

}  // namespace
}  // namespace iabn
