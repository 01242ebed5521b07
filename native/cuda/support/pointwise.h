// 1×1 convolutions as matrix products over all pixels, with cuBLASLt or cuDNN, whichever is faster.
#pragma once

#include <memory>

#include "cuda/support/faster.h"
#include "cuda/support/weighted_kernels.h"

namespace iabn::cuda {

inline std::unique_ptr<WeightedOp> convolution_op(const KernelSpec& spec, Context& context,
                                                  const ConvShape& shape, Direction direction) {
  if (shape.empty()) return nullptr;
  return std::make_unique<ConvolutionOp>(context, shape, direction, spec);
}

// Column-major, for the library: yᵀ [O,P] = w [O,C] · xᵀ [C,P], and dxᵀ [C,P] = wᵀ [C,O] · dyᵀ [O,P].
inline std::unique_ptr<WeightedOp> pointwise_op(const KernelSpec& spec, Context& context,
                                                const ConvShape& shape, Direction direction) {
  if (!shape.pointwise() || shape.empty()) throw Refused("only a 1×1 convolution is one matrix product");
  const DType dtype = spec.inputs[0].dtype;
  const bool forward = direction == Direction::forward;
  const Product product = {
      forward ? shape.o : shape.c, shape.pixels(), forward ? shape.c : shape.o, forward, false, dtype, dtype};
  return std::make_unique<MatmulOp>(context, weight_shape(shape), product, spec.constant(1));
}

// A convolution, forward or backward-data; wrap(op) makes the kernel.
template <class Wrap>
std::unique_ptr<Kernel> make_convolution(const KernelSpec& spec, Context& context, const ConvShape& shape,
                                         Direction direction, const Wrap& wrap) {
  const Factory matmul = [&](const KernelSpec& each, Context& on) {
    return wrap(pointwise_op(each, on, shape, direction));
  };
  const Factory cudnn = [&](const KernelSpec& each, Context& on) {
    return wrap(convolution_op(each, on, shape, direction));
  };
  return faster_of(spec, context, convolution_key(context, shape, spec.inputs[0].dtype),
                   {{"cublaslt", matmul}, {"cudnn", cudnn}});
}

}  // namespace iabn::cuda
