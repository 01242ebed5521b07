// y = x·wᵀ + b.   x [N,K], w f32 [O,K], b f32 [O] or absent, y [N,O].
#include "cuda/support/weighted_kernels.h"
#include "geometry/linear_shape.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const LinearShape s = LinearShape::from(spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  // Column-major, for the library: yᵀ [O,N] = w [O,K] · xᵀ [K,N].
  const DType dtype = spec.inputs[0].dtype;
  const Product product = {s.outputs, s.rows, s.inputs, true, false, dtype, dtype};
  std::unique_ptr<WeightedOp> op;
  if (!s.empty()) {
    op = std::make_unique<MatmulOp>(context, WeightShape{s.outputs, s.inputs, 1}, product, spec.constant(1));
  }
  return std::make_unique<WeightedForward>(context, spec, Activation{}, std::move(op));
}

const OpRegistration registration("linear", {make});

}  // namespace
}  // namespace iabn::cuda
