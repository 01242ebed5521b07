// a = φ⁻¹(out) − b: rebuilds one term of a sum from the sum and the other term; a may overwrite out.
#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class Phi>
struct Subtract {
  Phi phi;
  __device__ float operator()(float sum, float b) const { return phi.invert(sum) - b; }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_activation(activation, [&](auto phi) {
      map(context, args.out<T>(0), count, Subtract<decltype(phi)>{phi}, args.in<T>(0), args.in<T>(1));
    });
  });
}

const OpRegistration registration("add_invert", {make});

}  // namespace
}  // namespace iabn::cuda
