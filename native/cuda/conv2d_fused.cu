// out = φ(w ⋆ x + b + addend); out may overwrite the addend, to which the convolution then adds.
#include "cuda/support/pointwise.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  return make_convolution(spec, context, shape, Direction::forward, [&](std::unique_ptr<WeightedOp> op) {
    return std::make_unique<WeightedForward>(context, spec, parse_activation(spec.attrs), std::move(op));
  });
}

const OpRegistration registration("conv2d_fused", {make});

}  // namespace
}  // namespace iabn::cuda
