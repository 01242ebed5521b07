// oneDNN matrix products for linear layers and 1×1 convolutions.
#pragma once

#include "cpu/onednn/onednn.h"
#include "geometry/linear_shape.h"

namespace iabn {

namespace onednn {

// constant_weights: weights do not change between runs and are laid out once. Kernels with the operands of
// the ops linear (x, w, b? → y), linear_backward_data (dy, w → dx) and linear_backward_weights (x, dy → dw).
// Throw Refused for empty tensors, and if oneDNN has only reference loops.
std::unique_ptr<Kernel> matmul_forward(const LinearShape& shape, DType x, DType y, bool bias,
                                       bool constant_weights);
std::unique_ptr<Kernel> matmul_backward_data(const LinearShape& shape, DType dy, DType dx);
std::unique_ptr<Kernel> matmul_backward_weights(const LinearShape& shape, DType x, DType dy);

}  // namespace onednn
}  // namespace iabn
