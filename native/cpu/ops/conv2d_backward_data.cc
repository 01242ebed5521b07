// dx[n,c,y,x] = Σ dy[n,o,oy,ox] · w[o,c,kh,kw] over the outputs that read (y, x) through the tap (kh, kw).
#include <vector>

#include "cpu/autotune/fastest.h"
#include "cpu/convolution/channel_parts.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/depthwise.h"
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/grouped.h"
#include "cpu/convolution/pointwise.h"
#include "cpu/convolution/winograd.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/threads.h"
#include "cpu/loops/through_float.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

float tap_sum(const ConvShape& s, const float* dy, const float* w, int64_t n, int64_t c, int64_t y,
              int64_t x) {
  const int64_t inputs = s.group_inputs(), outputs = s.group_outputs(), first = c / inputs * outputs;
  double sum = 0;
  for (int64_t kh = 0; kh < s.kh; ++kh) {
    const int64_t down = y + s.ph - kh * s.dh;
    if (down < 0 || down % s.sh != 0 || down / s.sh >= s.oh) continue;
    for (int64_t kw = 0; kw < s.kw; ++kw) {
      const int64_t right = x + s.pw - kw * s.dw;
      if (right < 0 || right % s.sw != 0 || right / s.sw >= s.ow) continue;
      const float* pixel = dy + ((n * s.oh + down / s.sh) * s.ow + right / s.sw) * s.o + first;
      const float* tap = w + ((first * inputs + c % inputs) * s.kh + kh) * s.kw + kw;
      for (int64_t o = 0; o < outputs; ++o) sum += double(pixel[o]) * tap[o * inputs * s.kh * s.kw];
    }
  }
  return static_cast<float>(sum);
}

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = ConvShape::backward_data(spec);
  parallel_divide(most_threads(), s.n * s.h, [&](int64_t row, int) {
    float* dx = args.out<float>(0) + row * s.w * s.c;
    for (int64_t i = 0; i < s.w * s.c; ++i) {
      dx[i] = tap_sum(s, args.in<float>(0), args.in<float>(1), row / s.h, i % s.c, row % s.h, i / s.c);
    }
  });
}

constexpr auto make_plain = make_plain_float<run_plain>;

// Divided by input channels, for which it computes the gradient.
const KernelFactory make_parts =
    channel_parts({false, 1, 1}, {{true, 0, 1, true}}, onednn::make_conv2d_backward_data);

const ImageOperands images{{0}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d_backward_data",
    {grouped::make_backward_data,
     fastest({{"onednn", onednn::make_conv2d_backward_data},
              {"gemm", make_gemm_data},
              {"depthwise", depthwise::make_backward_data},
              widening("float32 images",
                       float_images(images, {onednn::make_conv2d_backward_data, make_gemm_data, make_plain})),
              {"winograd", make_winograd_data},
              widening("pointwise", make_pointwise_data),
              {"parts", make_parts},
              widening("float32 images in parts", float_images(images, {make_parts}))},
             sample),
     make_plain, through_float({make_plain})});

}  // namespace
}  // namespace iabn
