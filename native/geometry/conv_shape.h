// Geometry of a two-dimensional convolution.
#pragma once

#include "program/kernel.h"

namespace iabn {

struct ConvShape {
  int64_t n, c, h, w;      // x
  int64_t o, oh, ow;       // y
  int64_t kh, kw;          // kernel
  int64_t sh, sw, ph, pw;  // stride, padding before
  int64_t dh, dw, groups;  // dilation (1: dense)

  // x, y (or their gradients) are N,C,H,W; w (or its gradient) is O,C/groups,KH,KW. Throws
  // std::invalid_argument if they do not fit together.
  static ConvShape from(const Attrs& attrs, const TensorDesc& x, const TensorDesc& w, const TensorDesc& y);
  // Of the ops conv2d and conv2d_fused, conv2d_backward_data, and conv2d_backward_weights.
  static ConvShape forward(const KernelSpec& spec) {
    return from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  }
  static ConvShape backward_data(const KernelSpec& spec) {
    return from(spec.attrs, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  }
  static ConvShape backward_weights(const KernelSpec& spec) {
    return from(spec.attrs, spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  }

  int64_t pixels() const { return n * oh * ow; }
  int64_t group_inputs() const { return c / groups; }
  int64_t group_outputs() const { return o / groups; }
  bool empty() const { return n * c * h * w == 0 || o * oh * ow == 0 || kh * kw == 0; }
  // True for a matrix product over pixels: 1×1, no stride, padding or groups.
  bool pointwise() const { return kh * kw == 1 && sh * sw == 1 && ph + pw == 0 && groups == 1; }
};

}  // namespace iabn
