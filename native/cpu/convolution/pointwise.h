// 1×1 convolutions of bfloat16 images as matrix products in float32: blocks of pixels are widened to a buffer
// in the second-level cache, and what a panel of outputs gives is rounded at once. The fastest way where a
// CPU's bfloat16 products are slower than its float32 ones, with a workspace of a few blocks.
//
// The factories throw Refused for other dtypes and windows, for padding, groups and a bias, and for channels
// that are no multiples of 16; the gradient of the input also for strides.
#pragma once

#include "geometry/conv_shape.h"

namespace iabn {

// With the operands of conv2d, conv2d_backward_data and conv2d_backward_weights.
std::unique_ptr<Kernel> make_pointwise(const KernelSpec& spec, const ConvShape& shape);
std::unique_ptr<Kernel> make_pointwise_data(const KernelSpec& spec, const ConvShape& shape);
std::unique_ptr<Kernel> make_pointwise_weights(const KernelSpec& spec, const ConvShape& shape);

namespace pointwise {

void refuse_others(const ConvShape& shape, DType x, DType y);

// Where the pixels of a convolution with stride lie in x.
struct Pixels {
  int64_t channels, h, w, oh, ow, sh, sw;

  bool dense() const { return sh * sw == 1; }
  int64_t offset(int64_t pixel) const {
    const int64_t n = pixel / (oh * ow), y = pixel / ow % oh * sh, x = pixel % ow * sw;
    return ((n * h + y) * w + x) * channels;
  }
};

}  // namespace pointwise
}  // namespace iabn
