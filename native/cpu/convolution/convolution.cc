#include "cpu/convolution/convolution.h"

namespace iabn {

ConvolutionEnd ConvolutionEnd::of(const KernelSpec& spec) {
  const auto has = [&](size_t input) { return spec.inputs.size() > input && spec.inputs[input].present(); };
  return {has(2), has(3), parse_activation(spec.attrs)};
}

float conv_sum(const ConvShape& s, const float* x, const float* w, int64_t n, int64_t o, int64_t oy,
               int64_t ox) {
  const int64_t inputs = s.group_inputs(), first = o / s.group_outputs() * inputs;
  double sum = 0;
  for (int64_t kh = 0; kh < s.kh; ++kh) {
    const int64_t y = oy * s.sh - s.ph + kh * s.dh;
    if (y < 0 || y >= s.h) continue;
    for (int64_t kw = 0; kw < s.kw; ++kw) {
      const int64_t column = ox * s.sw - s.pw + kw * s.dw;
      if (column < 0 || column >= s.w) continue;
      const float* pixel = x + ((n * s.h + y) * s.w + column) * s.c + first;
      const float* tap = w + (o * inputs * s.kh + kh) * s.kw + kw;
      for (int64_t c = 0; c < inputs; ++c) sum += double(pixel[c]) * tap[c * s.kh * s.kw];
    }
  }
  return static_cast<float>(sum);
}

}  // namespace iabn
