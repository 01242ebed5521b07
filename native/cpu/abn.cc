#include "cpu/abn.h"

#include "cpu/simd.h"

namespace iabn {
namespace {

IABN_SIMD void gains_leaf(AbnScale scale, const float* weight, const float* var, float* gain,
                          int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    gain[c] = static_cast<float>(scale(weight, c) * scale.inverse_deviation(var, c));
  }
}

}  // namespace

void AbnScale::gains(const float* weight, const float* var, float* gain, int64_t channels) const {
  gains_leaf(*this, weight, var, gain, channels);
}

}  // namespace iabn
