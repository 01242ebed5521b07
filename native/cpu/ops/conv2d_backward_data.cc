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
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

// Divided by input channels, for which it computes the gradient.
const KernelFactory make_parts =
    channel_parts({false, 1, 1}, {{true, 0, 1, true}}, onednn::make_conv2d_backward_data);

const KernelFactory make_products = gemm::unless_onednn(make_gemm_data, ConvShape::backward_data);

const ImageOperands images{{0}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d_backward_data",
    {grouped::make_backward_data,
     fastest({{"onednn", onednn::make_conv2d_backward_data},
              {"gemm", make_products},
              {"depthwise", depthwise::make_backward_data},
              widening("float32 images",
                       float_images(images, {onednn::make_conv2d_backward_data, make_products})),
              {"winograd", make_winograd_data},
              widening("pointwise", make_pointwise_data),
              {"parts", make_parts},
              widening("float32 images in parts", float_images(images, {make_parts}))},
             sample),
     make_gemm_data, make_empty_product});

}  // namespace
}  // namespace iabn
