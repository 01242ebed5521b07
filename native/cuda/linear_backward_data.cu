// dx = dy·w.   dy [N,O], w f32 [O,K], dx [N,K].
#include "cuda/support/weighted_kernels.h"
#include "geometry/linear_shape.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const LinearShape s = LinearShape::from(spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  // Column-major, for the library: dxᵀ [K,N] = wᵀ [K,O] · dyᵀ [O,N].
  const DType dtype = spec.inputs[0].dtype;
  const Product product = {s.inputs, s.rows, s.outputs, false, false, dtype, dtype};
  std::unique_ptr<WeightedOp> op;
  if (!s.empty()) {
    op = std::make_unique<MatmulOp>(context, WeightShape{s.outputs, s.inputs, 1}, product, spec.constant(1));
  }
  return std::make_unique<WeightedBackward>(context, spec, std::move(op));
}

const OpRegistration registration("linear_backward_data", {make});

}  // namespace
}  // namespace iabn::cuda
