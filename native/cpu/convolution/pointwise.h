// 1×1 convolutions of bfloat16 images as float32 matrix products: blocks of pixels are widened into a buffer
// in the second-level cache, and the results of a panel of outputs are rounded immediately. The fastest way
// on CPUs whose bfloat16 products are slower than their float32 ones, with a workspace of a few blocks.
//
// The factories throw Refused for other dtypes and windows, for padding, groups and a bias, for channels that
// are not multiples of 16, and for the input gradient of a strided convolution.
#pragma once

#include "cpu/convolution/convolution.h"

namespace iabn {

// With the operands of conv2d, conv2d_backward_data and conv2d_backward_weights.
std::unique_ptr<Kernel> make_pointwise(const KernelSpec& spec);
std::unique_ptr<Kernel> make_pointwise_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_pointwise_weights(const KernelSpec& spec);

namespace pointwise {

void refuse_others(const ConvShape& shape, DType x, DType y);

// Location of a strided convolution's pixels in x.
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
