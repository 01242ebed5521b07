// dx = φ′·dz with φ′ from z = φ(x); dx may overwrite dz or z.
#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class Phi>
struct Backward {
  Phi phi;
  __device__ float operator()(float dz, float z) const { return phi.backward(z, dz); }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_activation(activation, [&](auto phi) {
      map(context, args.out<T>(0), count, Backward<decltype(phi)>{phi}, args.in<T>(0), args.in<T>(1));
    });
  });
}

const OpRegistration registration("activation_backward", {make});

}  // namespace
}  // namespace iabn::cuda
