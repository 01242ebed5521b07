// y = x − log Σ exp(x) over the channels; y may overwrite x.
#include "cuda/support/class_rows.h"

namespace iabn::cuda {
namespace {

template <class T>
void run(const Context& context, int64_t rows, int64_t classes, const T* x, T* y) {
  for_each_row(context, rows, [=] __device__(int64_t row) {
    const T* from = x + row * classes;
    const SoftmaxRow softmax = softmax_row(from, classes);
    const float log_sum = logf(softmax.sum);
    for (int64_t k = lane_id(); k < classes; k += kWarp) {
      store(y + row * classes + k, (to_float(from[k]) - softmax.max) - log_sum);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  return make_class_rows<1>(spec, [&context](auto... rows) { run(context, rows...); });
}

const OpRegistration registration("log_softmax", {make});

}  // namespace
}  // namespace iabn::cuda
