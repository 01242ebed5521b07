// Convolutions of any window, stride, dilation and groups, and linear layers, as matrix products over
// gathered rows (im2col of a block of pixels at a time). They serve what oneDNN does where it is not built
// in, and what it refuses; images are float32 or bfloat16, products float32. All refuse empty tensors.
#pragma once

#include "cpu/convolution/convolution.h"

namespace iabn {

// With the operands of conv2d, conv2d_fused or linear.
std::unique_ptr<Kernel> make_gemm(const KernelSpec& spec);

// With the operands of conv2d_backward_data and conv2d_backward_weights, or those of linear.
std::unique_ptr<Kernel> make_gemm_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_gemm_weights(const KernelSpec& spec);

// With the operands of matmul. Refuses bfloat16.
std::unique_ptr<Kernel> make_gemm_matmul(const KernelSpec& spec);

namespace gemm {

// Refuses where oneDNN is built in, unless the specification or IABN_KERNEL_CHOICE asks for "gemm", or the
// kernel is to be untimed. Depthwise convolutions, which have kernels of their own, are refused there, too.
KernelFactory unless_onednn(KernelFactory make, ConvShape (*shape_of)(const KernelSpec&));

// Of a convolution, or of a linear layer as a 1×1 convolution of images of one pixel; from x, w and y or
// their gradients. Refuses empty ones.
ConvShape shape_of(const KernelSpec& spec, const TensorDesc& x, const TensorDesc& w, const TensorDesc& y);

}  // namespace gemm
}  // namespace iabn
