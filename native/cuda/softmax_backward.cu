// dx = y·(dy − Σ_k dy·y) over the channels; dx may overwrite y or dy.
#include "cuda/support/class_rows.h"

namespace iabn::cuda {
namespace {

template <class T>
void run(const Context& context, int64_t rows, int64_t classes, const T* y, const T* dy, T* dx) {
  for_each_row(context, rows, [=] __device__(int64_t row) {
    const int64_t first = row * classes;
    float dot = 0.0f;
    for (int64_t k = lane_id(); k < classes; k += kWarp)
      dot += to_float(dy[first + k]) * to_float(y[first + k]);
    dot = warp_reduce(dot, Add{});
    for (int64_t k = lane_id(); k < classes; k += kWarp) {
      store(dx + first + k, to_float(y[first + k]) * (to_float(dy[first + k]) - dot));
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  return make_class_rows<2>(spec, [&context](auto... rows) { run(context, rows...); });
}

const OpRegistration registration("softmax_backward", {make});

}  // namespace
}  // namespace iabn::cuda
