// Descriptions of a convolution in its three directions.
#pragma once

#include "cpu/onednn/primitive.h"
#include "geometry/conv_shape.h"

namespace iabn::onednn {

// Weights as the program stores them (float32 OIHW).
dnnl::memory::desc conv_weights(const ConvShape& shape);

// The forward description, which backward descriptions take as a hint. oneDNN chooses the layout of the
// weights and of their gradient; throws Refused if it has no implementation. `post`: attributes with the
// fused epilogue; user_scratchpad() for none.
dnnl::convolution_forward::primitive_desc conv_forward(const ConvShape& shape, DType x, DType y, bool bias,
                                                       const dnnl::primitive_attr& post = user_scratchpad());
dnnl::convolution_backward_data::primitive_desc conv_backward_data(const ConvShape& shape, DType x, DType y);
dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(const ConvShape& shape, DType x,
                                                                         DType y);

// The kernel of the op conv2d, or of conv2d_fused as far as `post` goes.
std::unique_ptr<Kernel> forward_kernel(const KernelSpec& spec, bool bias,
                                       const dnnl::primitive_attr& post = user_scratchpad());

// Throws Refused for an untimed kernel whose implementation (oneDNN's name) computes by matrix products.
void refuse_untimed_products(const KernelSpec& spec, const std::string& implementation);

}  // namespace iabn::onednn
