// The three transforms of F(2×2, 3×3), each along channels:
//
//   y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A
//
//        ⎡1  0 −1  0⎤        ⎡ 1   0   0⎤
//   Bᵀ = ⎢0  1  1  0⎥    G = ⎢ ½   ½   ½⎥    Aᵀ = ⎡1  1  1  0⎤
//        ⎢0 −1  1  0⎥        ⎢ ½  −½   ½⎥         ⎣0  1 −1 −1⎦
//        ⎣0  1  0 −1⎦        ⎣ 0   0   1⎦
#pragma once

#include <cstdint>

#include "cpu/activation.h"

namespace iabn {

constexpr int64_t kWinogradPoints = 16;

// Bᵀ·d·B of the 4×4 pixels that `pixels` point to; `channels` (a multiple of 8) of each. Point i goes to
// out + i·stride.
void winograd_input(const float* const* pixels, int64_t channels, float* out, int64_t stride);

// G·g·Gᵀ of one filter's nine taps, `out` has sixteen points.
void winograd_weights(const float* taps, float* out);

struct WinogradOutput {
  const float* products;  // point i at products + i·stride
  int64_t stride;
  int64_t channels;            // a multiple of 8
  const float* bias;           // null: none
  const float* const* addend;  // the four pixels row by row, null: none; one may be an output
  float* const* out;           // the four pixels row by row, null where there is no pixel
  Activation activation;
};

// φ(Aᵀ·m·A + bias + addend)
void winograd_output(const WinogradOutput& output);

}  // namespace iabn
