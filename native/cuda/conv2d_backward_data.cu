// dx of a convolution: every product y += x·w gives dx += dy·w.
#include "cuda/support/pointwise.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  return make_convolution(spec, context, shape, Direction::backward_data,
                          [&](std::unique_ptr<WeightedOp> op) {
                            return std::make_unique<WeightedBackward>(context, spec, std::move(op));
                          });
}

const OpRegistration registration("conv2d_backward_data", {make});

}  // namespace
}  // namespace iabn::cuda
