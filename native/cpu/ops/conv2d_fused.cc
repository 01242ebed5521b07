// out = φ(x ∗ w + b + addend).   Operands like conv2d's; b and addend [N,O,OH,OW] may be absent; out may
// overwrite the addend.
#include "cpu/autotune/fastest.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/grouped.h"
#include "cpu/convolution/tiled_convolution.h"
#include "cpu/convolution/winograd.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

const KernelFactory make_products = gemm::unless_onednn(make_gemm, ConvShape::forward);

const ImageOperands images{{0, 3}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration(
    "conv2d_fused",
    {grouped::make_forward,
     fastest({{"onednn", onednn::make_conv2d_fused},
              {"gemm", make_products},
              {"tiled", make_tiled},
              widening("float32 images",
                       float_images(images, {make_tiled, onednn::make_conv2d_fused, make_products})),
              {"winograd", make_winograd}},
             sample),
     make_gemm, make_empty_product});

}  // namespace
}  // namespace iabn
