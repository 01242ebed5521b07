// y = x ∗ w + b.   x [N,C,H,W], y [N,O,OH,OW] channels-last; w f32 [O,C/groups,KH,KW]; b f32 [O] or absent.
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

ConvShape shape_of(const KernelSpec& spec) {
  return ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
}

bool has_bias(const KernelSpec& spec) { return spec.inputs.size() > 2 && spec.inputs[2].present(); }

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = shape_of(spec);
  const float* bias = has_bias(spec) ? args.in<float>(2) : nullptr;
  parallel_divide(most_threads(), s.n * s.oh, [&](int64_t line, int) {
    float* y = args.out<float>(0) + line * s.ow * s.o;
    for (int64_t i = 0; i < s.ow * s.o; ++i) {
      const int64_t o = i % s.o;
      y[i] = conv_sum(s, args.in<float>(0), args.in<float>(1), line / s.oh, o, line % s.oh, i / s.o) +
             (bias ? bias[o] : 0.0f);
    }
  });
}

std::unique_ptr<Kernel> make_minimal(const KernelSpec& spec) {
  return make_winograd(spec, shape_of(spec), {has_bias(spec), false, {}});
}

std::unique_ptr<Kernel> make_products(const KernelSpec& spec) { return make_pointwise(spec, shape_of(spec)); }

std::unique_ptr<Kernel> make_tiled(const KernelSpec& spec) {
  return make_tiled_convolution(spec, shape_of(spec), {has_bias(spec), false, {}});
}

std::unique_ptr<Kernel> make_product(const KernelSpec& spec) {
  return make_gemm(spec, shape_of(spec), {has_bias(spec), false, {}});
}

constexpr auto make_plain = make_plain_float<run_plain>;

// Divided by output channels.
const KernelFactory make_parts =
    channel_parts({false, 1, 0}, {{false, 2, 0}, {true, 0, 1, true}}, onednn::make_conv2d);

const ImageOperands images{{0}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d", {grouped::make_forward,
               fastest({{"onednn", onednn::make_conv2d},
                        {"gemm", make_product},
                        {"depthwise", depthwise::make_forward},
                        {"tiled", make_tiled},
                        widening("float32 images", float_images(images, {make_tiled, onednn::make_conv2d,
                                                                         make_product, make_plain})),
                        {"winograd", make_minimal},
                        widening("pointwise", make_products),
                        {"parts", make_parts},
                        widening("float32 images in parts", float_images(images, {make_parts}))},
                       sample),
               make_plain, through_float({make_plain})});

}  // namespace
}  // namespace iabn
