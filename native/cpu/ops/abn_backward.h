// Shared by the two backward kernels of activated batch normalization: recovers y and dy from the saved
// tensor.
//
//   saved z:  y = φ⁻¹(z),           t = y − β,  x̂ = t / s
//   saved x:  y = (x − μ)·g + β,    t = x − μ,  x̂ = t / √(σ² + ε)
//   dy = φ′·dz
#pragma once

#include "cpu/loops/rows.h"
#include "cpu/ops/abn.h"
#include "program/kernel.h"

namespace iabn {

// Each repeated along a wide row. gain and bias are used for saved x only.
struct SavedCoefficients {
  const float* shift;  // β or μ
  const float* gain;
  float* bias;
};

// The attributes and operands (dz, saved, mean, var, weight?, bias?) shared by both kernels.
struct SavedLayer {
  AbnScale scale;
  Activation activation;
  bool from_output;

  // Writes the coefficients starting at `wide` and returns their end. folded: bias applies to x instead of x
  // − μ.
  float* fill(const RowGrid& grid, const KernelArgs& args, float* wide, bool folded,
              SavedCoefficients* out) const {
    const float* mean = args.in<float>(2);
    const float* var = args.in<float>(3);
    const float* weight = args.in<float>(4);
    const float* bias = args.in<float>(5);
    const auto bias_of = [=](int64_t c) { return bias == nullptr ? 0.0f : bias[c]; };
    out->shift = out->gain = out->bias = wide;
    if (from_output) return fill_wide(grid, wide, bias_of);
    wide = fill_wide(grid, wide, [=](int64_t c) { return mean[c]; });
    out->gain = wide;
    scale.gains(weight, var, wide, grid.channels);
    wide = repeat_wide(grid, wide);
    out->bias = wide;
    float* const end = fill_wide(grid, wide, bias_of);
    if (folded) fold_shift(out->shift, out->gain, out->bias, grid.padded());
    return end;
  }

  // x̂ / t of all channels, for data in T.
  template <class T>
  void units(const KernelArgs& args, float* unit, int64_t channels) const {
    if (from_output) {
      scale.inverses(args.in<float>(4), args.in<float>(5), kUlp<T>, unit, channels);
    } else {
      scale.inverse_deviations(args.in<float>(3), unit, channels);
    }
  }
};

inline SavedLayer parse_saved_layer(const Attrs& attrs) {
  return {parse_scale(attrs), parse_activation(attrs), parse_from_output(attrs)};
}

}  // namespace iabn
