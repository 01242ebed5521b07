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

// Divided by output channels.
const KernelFactory make_parts =
    channel_parts({true, 0, 0}, {{false, 1, 1, true}}, onednn::make_conv2d_backward_weights);

const KernelFactory make_products = gemm::unless_onednn(make_gemm_weights, ConvShape::backward_weights);

const ImageOperands images{{0, 1}, {}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d_backward_weights",
    {make_grouped,
     fastest({{"onednn", onednn::make_conv2d_backward_weights},
              {"gemm", make_products},
              {"depthwise", depthwise::make_backward_weights},
              {"grouped", make_grouped_depthwise},
              {"matmul", make_matmul},
              widening("float32 images", float_images(images, {onednn::make_conv2d_backward_weights,
                                                               make_matmul, make_products})),
              {"winograd", make_winograd_weights},
              widening("pointwise", make_pointwise_weights),
              {"parts", make_parts},
              widening("float32 images in parts", float_images(images, {make_parts}))},
             sample),
     make_gemm_weights, make_empty_product});

}  // namespace
}  // namespace iabn
