// Shared by the three directions of a convolution: geometry and the reference kernel.
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

  // Of the op conv2d_fused.
  static ConvolutionEnd of(const KernelSpec& spec);
};

// The sum at one output position in double precision, rounded once.
float conv_sum(const ConvShape& shape, const float* x, const float* w, int64_t n, int64_t o, int64_t oy,
               int64_t ox);

}  // namespace iabn
