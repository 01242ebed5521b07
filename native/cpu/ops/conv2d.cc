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
#include "cpu/convolution/tiled_convolution.h"
#include "cpu/convolution/winograd.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

// Divided by output channels.
const KernelFactory make_parts =
    channel_parts({false, 1, 0}, {{false, 2, 0}, {true, 0, 1, true}}, onednn::make_conv2d);

const KernelFactory make_products = gemm::unless_onednn(make_gemm, ConvShape::forward);

const ImageOperands images{{0}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d", {grouped::make_forward,
               fastest({{"onednn", onednn::make_conv2d},
                        {"gemm", make_products},
                        {"depthwise", depthwise::make_forward},
                        {"tiled", make_tiled},
                        widening("float32 images",
                                 float_images(images, {make_tiled, onednn::make_conv2d, make_products})),
                        {"winograd", make_winograd},
                        widening("pointwise", make_pointwise),
                        {"parts", make_parts},
                        widening("float32 images in parts", float_images(images, {make_parts}))},
                       sample),
               make_gemm, make_empty_product});

}  // namespace
}  // namespace iabn
