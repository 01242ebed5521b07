// dw = dyᵀ·x, float32.   x [N,K], dy [N,O], dw [O,K].
#include "cuda/libraries/cublaslt.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "geometry/linear_shape.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const LinearShape s = LinearShape::from(spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  const size_t bytes = spec.outputs[0].bytes();
  if (s.empty()) {
    return make_kernel_of(
        [bytes, &context](const KernelArgs& args) { clear_bytes(context, args.outputs[0], bytes); });
  }
  // Column-major, for the library: dwᵀ [K,O] = xᵀ [K,N] · dy [N,O].
  const Product product = {s.inputs, s.outputs, s.rows, false, true, spec.inputs[0].dtype, DType::f32};
  const auto matmul = std::make_shared<Matmul>(context, product);
  return make_kernel_of(
      [matmul](const KernelArgs& args) {
        matmul->run(args.inputs[0], args.inputs[1], args.outputs[0], args.workspace);
      },
      matmul->workspace_bytes());
}

const OpRegistration registration("linear_backward_weights", {make});

}  // namespace
}  // namespace iabn::cuda
