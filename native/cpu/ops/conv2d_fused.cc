// out = φ(x ∗ w + b + addend).   Operands like conv2d's; b and addend [N,O,OH,OW] may be absent; out may
// overwrite the addend.
#include <cstring>

#include "cpu/autotune/fastest.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/grouped.h"
#include "cpu/convolution/winograd.h"
#include "cpu/loops/data.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/through_float.h"
#include "cpu/onednn/onednn.h"
#include "cpu/ops/activation.h"

namespace iabn {
namespace {

ConvShape shape_of(const KernelSpec& spec) {
  return ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
}

bool has(const KernelSpec& spec, size_t input) {
  return spec.inputs.size() > input && spec.inputs[input].present();
}

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = shape_of(spec);
  const float* bias = has(spec, 2) ? args.in<float>(2) : nullptr;
  const float* addend = has(spec, 3) ? args.in<float>(3) : nullptr;
  with_activation(parse_activation(spec.attrs), [&](auto phi) {
    parallel_divide(most_threads(), s.n * s.oh, [&](int64_t line, int) {
      for (int64_t i = 0; i < s.ow * s.o; ++i) {
        const int64_t o = i % s.o, at = line * s.ow * s.o + i;
        const float sum =
            conv_sum(s, args.in<float>(0), args.in<float>(1), line / s.oh, o, line % s.oh, i / s.o);
        args.out<float>(0)[at] = phi.forward(sum + (bias ? bias[o] : 0.0f) + (addend ? addend[at] : 0.0f));
      }
    });
  });
}

std::unique_ptr<Kernel> make_minimal(const KernelSpec& spec) {
  return make_winograd(spec, shape_of(spec), ConvolutionEnd::of(spec));
}

std::unique_ptr<Kernel> make_tiled(const KernelSpec& spec) {
  return make_tiled_convolution(spec, shape_of(spec), ConvolutionEnd::of(spec));
}

std::unique_ptr<Kernel> make_product(const KernelSpec& spec) {
  return make_gemm(spec, shape_of(spec), ConvolutionEnd::of(spec));
}

constexpr auto make_plain = make_plain_float<run_plain>;

const ImageOperands images{{0, 3}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration("conv2d_fused",
                            {grouped::make_fused,
                             fastest({{"onednn", onednn::make_conv2d_fused},
                                      {"gemm", make_product},
                                      {"tiled", make_tiled},
                                      widening("float32 images",
                                               float_images(images, {make_tiled, onednn::make_conv2d_fused,
                                                                     make_product, make_plain})),
                                      {"winograd", make_minimal}},
                                     sample),
                             make_plain, through_float({make_plain})});

}  // namespace
}  // namespace iabn
