// dw[o,c,kh,kw] = Σ_{n,oy,ox} dy[n,o,oy,ox] · x[n, c, oy·sh − ph + kh·dh, ox·sw − pw + kw·dw], float32.
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

// One matrix product over all pixels: for bfloat16 on AMX, 0.3 to 0.8 of the time of oneDNN's convolution.
std::unique_ptr<Kernel> make_matmul(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  if (!shape.pointwise() || shape.empty()) throw Refused("only a 1×1 convolution is one matrix product");
  onednn::refuse_untimed(spec);
  onednn::refuse_emulated(spec.inputs[0].dtype);
  const LinearShape product{shape.pixels(), shape.c, shape.o};
  return onednn::matmul_backward_weights(product, spec.inputs[0].dtype, spec.inputs[1].dtype);
}

// One weight per thread, so that the sum over pixels has a fixed order.
double tap_sum(const ConvShape& s, const float* x, const float* dy, int64_t o, int64_t c, int64_t kh,
               int64_t kw) {
  double sum = 0;
  for (int64_t line = 0; line < s.n * s.oh; ++line) {
    const int64_t y = line % s.oh * s.sh - s.ph + kh * s.dh;
    if (y < 0 || y >= s.h) continue;
    const float* row = x + (line / s.oh * s.h + y) * s.w * s.c;
    for (int64_t ox = 0; ox < s.ow; ++ox) {
      const int64_t column = ox * s.sw - s.pw + kw * s.dw;
      if (column < 0 || column >= s.w) continue;
      sum += double(row[column * s.c + c]) * dy[(line * s.ow + ox) * s.o + o];
    }
  }
  return sum;
}

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = ConvShape::backward_weights(spec);
  const int64_t inputs = s.group_inputs();
  parallel_divide(most_threads(), s.o * inputs * s.kh * s.kw, [&](int64_t i, int) {
    const int64_t kw = i % s.kw, kh = i / s.kw % s.kh, o = i / (s.kw * s.kh * inputs);
    const int64_t c = o / s.group_outputs() * inputs + i / (s.kw * s.kh) % inputs;
    args.out<float>(0)[i] =
        static_cast<float>(tap_sum(s, args.in<float>(0), args.in<float>(1), o, c, kh, kw));
  });
}

bool is_depthwise(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  return shape.groups > 1 && shape.groups == shape.c && shape.groups == shape.o;
}

std::unique_ptr<Kernel> make_grouped(const KernelSpec& spec) {
  if (is_depthwise(spec)) throw Refused("the kernels for depthwise convolutions are autotuned");
  return grouped::make_backward_weights(spec);
}

std::unique_ptr<Kernel> make_grouped_depthwise(const KernelSpec& spec) {
  if (!is_depthwise(spec)) throw Refused("not a depthwise convolution");
  return grouped::make_backward_weights(spec);
}

constexpr auto make_plain = make_plain_float<run_plain>;

// Divided by output channels.
const KernelFactory make_parts =
    channel_parts({true, 0, 0}, {{false, 1, 1, true}}, onednn::make_conv2d_backward_weights);

const ImageOperands images{{0, 1}, {}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d_backward_weights",
    {make_grouped,
     fastest({{"onednn", onednn::make_conv2d_backward_weights},
              {"gemm", make_gemm_weights},
              {"depthwise", depthwise::make_backward_weights},
              {"grouped", make_grouped_depthwise},
              {"matmul", make_matmul},
              widening("float32 images", float_images(images, {onednn::make_conv2d_backward_weights,
                                                               make_matmul, make_gemm_weights, make_plain})),
              {"winograd", make_winograd_weights},
              widening("pointwise", make_pointwise_weights),
              {"parts", make_parts},
              widening("float32 images in parts", float_images(images, {make_parts}))},
             sample),
     make_plain, through_float({make_plain})});

}  // namespace
}  // namespace iabn
