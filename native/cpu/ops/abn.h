// Shared by the kernels of activated batch normalization: per-channel scale, eps, and optional parameters.
#pragma once

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "cpu/ops/activation.h"
#include "program/attrs.h"

namespace iabn {

// y = s·(x − μ)/√(σ² + ε) + β with s = |γ| + ε (in place) or s = γ (ordinary).
struct AbnScale {
  double eps;
  bool absolute;

  // s of a channel; 1 without parameters.
  IABN_INLINE_MEMBER double operator()(const float* weight, int64_t c) const {
    if (weight == nullptr) return 1.0;
    return absolute ? std::fabs(static_cast<double>(weight[c])) + eps : static_cast<double>(weight[c]);
  }
  // 1/√(σ² + ε)
  IABN_INLINE_MEMBER double inverse_deviation(const float* var, int64_t c) const {
    return 1.0 / std::sqrt(static_cast<double>(var[c]) + eps);
  }
  // s/√(σ² + ε) and 1/√(σ² + ε) of some channels.
  void gains(const float* weight, const float* var, float* gain, int64_t channels) const;
  void inverse_deviations(const float* var, float* inverse, int64_t channels) const;
  // 1/s. Of s = γ it is 0 where |γ| is at most a unit in the last place of β (ulp: of 1): y, rounded like z,
  // then shows nothing of x̂, and γ gets no gradient.
  void inverses(const float* weight, const float* bias, double ulp, float* inverse, int64_t channels) const;
};

// True if kernels of this dtype fold means and biases into other offsets.
template <class T>
constexpr bool kFolded = !std::is_same_v<T, float>;

// Distance from 1 to the next number of a data dtype.
template <class T>
constexpr double kUlp = std::is_same_v<T, float> ? 0x1p-23 : 0x1p-7;

// Rewrites (x − shift)·factor + offset as x·factor + offset, with a new offset. The error is about one ulp of
// shift·factor, far less than the rounding of x to bfloat16.
void fold_shift(const float* shift, const float* factor, float* offset, int64_t count);

inline bool parse_absolute(const Attrs& attrs) {
  const std::string& scale = attrs.string("scale");
  if (scale != "abs" && scale != "plain") throw std::invalid_argument("unknown scale '" + scale + "'");
  return scale == "abs";
}

inline AbnScale parse_scale(const Attrs& attrs) { return {attrs.number("eps"), parse_absolute(attrs)}; }

inline bool parse_from_output(const Attrs& attrs) {
  const std::string& from = attrs.string("from");
  if (from != "x" && from != "z") throw std::invalid_argument("unknown source '" + from + "' (x, z)");
  return from == "z";
}

}  // namespace iabn
