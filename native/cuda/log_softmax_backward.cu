// dx = dy − exp(y)·Σ_k dy over the channels; dx may be written over y or dy.
#include "cuda/support/kernels.h"
#include "cuda/support/softmax.h"

namespace iabn::cuda {
namespace {

template <class T>
void run(const Context& context, int64_t rows, int64_t classes, const T* y, const T* dy, T* dx) {
  for_each_row(context, rows, [=] __device__(int64_t row) {
    const int64_t first = row * classes;
    float sum = 0.0f;
    for (int64_t k = lane_id(); k < classes; k += kWarp) sum += to_float(dy[first + k]);
    sum = warp_reduce(sum, Add{});
    for (int64_t k = lane_id(); k < classes; k += kWarp) {
      store(dx + first + k, to_float(dy[first + k]) - expf(to_float(y[first + k])) * sum);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    run(context, rows, classes, args.in<T>(0), args.in<T>(1), args.out<T>(0));
  });
}

const OpRegistration registration("log_softmax_backward", {make});

}  // namespace
}  // namespace iabn::cuda
