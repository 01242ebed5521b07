#include "cpu/ops/abn.h"

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

void AbnScale::inverses(const float* weight, float* inverse, int64_t channels) const {
  inverses_leaf(*this, weight, inverse, channels);
}

void AbnScale::inverse_deviations(const float* var, float* inverse, int64_t channels) const {
  inverse_deviations_leaf(*this, var, inverse, channels);
}

}  // namespace iabn
