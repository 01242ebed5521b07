// Shared by the three directions of a convolution: geometry and oneDNN descriptions.
//
//   y[n,o,oy,ox] = b[o] + Σ_{c,kh,kw} x[n, c, oy·sh − ph + kh·dh, ox·sw − pw + kw·dw] · w[o,c,kh,kw]
#pragma once

#include "cpu/onednn/onednn.h"
#include "geometry/conv_shape.h"

namespace iabn {

// The sum at one output position in double precision, rounded once: the reference kernel.
float conv_sum(const ConvShape& shape, const float* x, const float* w, int64_t n, int64_t o, int64_t oy,
               int64_t ox);

namespace onednn {

// Channels-last images of a convolution, and its weights as the program stores them (float32 OIHW).
dnnl::memory::desc conv_x(const ConvShape& shape, DType dtype);
dnnl::memory::desc conv_y(const ConvShape& shape, DType dtype);
dnnl::memory::desc conv_weights(const ConvShape& shape);

// The forward description, which backward descriptions take as a hint. oneDNN chooses the layout of the
// weights and of their gradient; throws Refused if it has no implementation. `post`: attributes with the
// fused epilogue; user_scratchpad() for none.
dnnl::convolution_forward::primitive_desc conv_forward(const ConvShape& shape, DType x, DType y, bool bias,
                                                       const dnnl::primitive_attr& post = user_scratchpad());
dnnl::convolution_backward_data::primitive_desc conv_backward_data(const ConvShape& shape, DType x, DType y);
dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(const ConvShape& shape, DType x,
                                                                         DType y);

}  // namespace onednn
}  // namespace iabn
