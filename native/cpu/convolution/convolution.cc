#include "cpu/convolution/convolution.h"

#include "cpu/loops/plain.h"
#include "cpu/loops/threads.h"

namespace iabn {
namespace {

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

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = ConvShape::forward(spec);
  const ConvolutionEnd end = ConvolutionEnd::of(spec);
  const float* bias = end.bias ? args.in<float>(2) : nullptr;
  const float* addend = end.addend ? args.in<float>(3) : nullptr;
  with_activation(end.activation, [&](auto phi) {
    parallel_divide(most_threads(), s.n * s.oh, [&](int64_t line, int) {
      for (int64_t i = 0; i < s.ow * s.o; ++i) {
        const int64_t o = i % s.o, at = line * s.ow * s.o + i;
        const float sum =
            conv_sum(s, args.in<float>(0), args.in<float>(1), line / s.oh, o, line % s.oh, i / s.o);
        const float biased = sum + (bias ? bias[o] : 0.0f);
        args.out<float>(0)[at] = phi.forward(addend ? biased + addend[at] : biased);
      }
    });
  });
}

}  // namespace

ConvolutionEnd ConvolutionEnd::of(const KernelSpec& spec) {
  const auto has = [&](size_t input) { return spec.inputs.size() > input && spec.inputs[input].present(); };
  const bool fused = spec.op == "conv2d_fused";
  return {has(2), fused && has(3), fused ? parse_activation(spec.attrs) : Activation{}};
}

std::unique_ptr<Kernel> make_plain_convolution(const KernelSpec& spec) {
  return make_plain_float<run_plain>(spec);
}

}  // namespace iabn
