// out = f(x0, x1, …), elementwise; out may overwrite any operand of the same size.
#include "cuda/support/expression.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class T>
__global__ void __launch_bounds__(kThreads) compute(ExpressionView view, int64_t count, T* out) {
  __shared__ float registers[kNumbers * kThreads];
  for (int64_t i = first_item(); i < count; i += item_step()) {
    int64_t offsets[kMostOperands] = {};
    add_offsets(view, i, false, offsets);
    store(out + i, compute_element(view, offsets, registers));
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ExpressionView view = expression_view(spec, nullptr);
  const int64_t count = spec.outputs[0].elements();
  if (view.elements(false) != count) {
    throw std::invalid_argument("an expression of another size than its result");
  }
  return make_data_kernel(spec.outputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    launch(context.stream, compute<T>, dim3(blocks_for(context, count)), kThreads, view.at(args), count,
           args.out<T>(0));
  });
}

const OpRegistration registration("elementwise", {make});

}  // namespace
}  // namespace iabn::cuda
