// y = φ⁻¹(z); y may overwrite z.
#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class Phi>
struct Invert {
  Phi phi;
  __device__ float operator()(float z) const { return phi.invert(z); }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t count = spec.inputs[0].elements();
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_activation(activation, [&](auto phi) {
      map(context, args.out<T>(0), count, Invert<decltype(phi)>{phi}, args.in<T>(0));
    });
  });
}

const OpRegistration registration("activation_invert", {make});

}  // namespace
}  // namespace iabn::cuda
