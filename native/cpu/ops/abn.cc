#include "cpu/ops/abn.h"

#include <algorithm>
#include <limits>

#include "cpu/simd/simd.h"

namespace iabn {
namespace {

IABN_SIMD void gains_leaf(AbnScale scale, const float* weight, const float* var, float* gain,
                          int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    gain[c] = static_cast<float>(scale(weight, c) * scale.inverse_deviation(var, c));
  }
}

IABN_SIMD void inverses_leaf(AbnScale scale, const float* weight, float* inverse, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) inverse[c] = static_cast<float>(1.0 / scale(weight, c));
}

IABN_SIMD void resolved_leaf(const float* gamma, const float* bias, double ulp, float* inverse,
                             int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    const double shift = bias == nullptr ? 0.0 : std::fabs(static_cast<double>(bias[c])) * ulp;
    const double least = std::max(shift, static_cast<double>(std::numeric_limits<float>::min()));
    const double s = static_cast<double>(gamma[c]);
    inverse[c] = std::fabs(s) <= least ? 0.0f : static_cast<float>(1.0 / s);
  }
}

IABN_SIMD void inverse_deviations_leaf(AbnScale scale, const float* var, float* inverse, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) inverse[c] = static_cast<float>(scale.inverse_deviation(var, c));
}

IABN_SIMD void fold_leaf(const float* shift, const float* factor, float* offset, int64_t count) {
  for (int64_t i = 0; i < count; ++i) offset[i] -= shift[i] * factor[i];
}

}  // namespace

void fold_shift(const float* shift, const float* factor, float* offset, int64_t count) {
  fold_leaf(shift, factor, offset, count);
}

void AbnScale::gains(const float* weight, const float* var, float* gain, int64_t channels) const {
  gains_leaf(*this, weight, var, gain, channels);
}

void AbnScale::inverses(const float* weight, const float* bias, double ulp, float* inverse,
                        int64_t channels) const {
  if (absolute || weight == nullptr) return inverses_leaf(*this, weight, inverse, channels);
  resolved_leaf(weight, bias, ulp, inverse, channels);
}

void AbnScale::inverse_deviations(const float* var, float* inverse, int64_t channels) const {
  inverse_deviations_leaf(*this, var, inverse, channels);
}

}  // namespace iabn
