// Converts between float32, bfloat16 and float16 (nearest, ties to even); never in place.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class From, class To>
void run(const Context& context, int64_t count, const From* x, To* out) {
  for_items(context, count, [=] __device__(int64_t i) { store(out + i, to_float(x[i])); });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const DType to = spec.outputs[0].dtype;
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto from, const KernelArgs& args) {
    using From = typename decltype(from)::type;
    with_data(to, [&](auto type) {
      using To = typename decltype(type)::type;
      run(context, count, args.in<From>(0), args.out<To>(0));
    });
  });
}

const OpRegistration registration("cast", {make});

}  // namespace
}  // namespace iabn::cuda
