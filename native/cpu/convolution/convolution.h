// A convolution with its epilogue, and sums of no products.
//
//   y[n,o,oy,ox] = b[o] + Σ_{c,kh,kw} x[n, c, oy·sh − ph + kh·dh, ox·sw − pw + kw·dw] · w[o,c,kh,kw]
#pragma once

#include "cpu/ops/activation.h"
#include "geometry/conv_shape.h"
#include "program/workspace.h"

namespace iabn {

// Epilogue: φ(sum + bias + addend).
struct ConvolutionEnd {
  bool bias = false;    // operand 2
  bool addend = false;  // operand 3; the output may be written over it
  Activation activation;

  bool any() const { return bias || addend || activation.kind != Activation::Kind::identity; }
  // Of the ops linear, conv2d and conv2d_fused; the first two have a bias only.
  static ConvolutionEnd of(const KernelSpec& spec);
};

// The last implementation of every op that sums products: its result for empty tensors, in which all sums are
// zero. Refuses others, which gemm.h serves.
std::unique_ptr<Kernel> make_empty_product(const KernelSpec& spec);

}  // namespace iabn
