// out = φ(x ∗ w + b + addend).   Operands like conv2d's; b and addend [N,O,OH,OW] may be absent; out may
// overwrite the addend.
#include "cpu/autotune/fastest.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/grouped.h"
#include "cpu/convolution/tiled_convolution.h"
#include "cpu/convolution/winograd.h"
#include "cpu/loops/through_float.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

const ImageOperands images{{0, 3}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration("conv2d_fused",
                            {grouped::make_forward,
                             fastest({{"onednn", onednn::make_conv2d_fused},
                                      {"gemm", make_gemm},
                                      {"tiled", make_tiled},
                                      widening("float32 images",
                                               float_images(images, {make_tiled, onednn::make_conv2d_fused,
                                                                     make_gemm, make_plain_convolution})),
                                      {"winograd", make_winograd}},
                                     sample),
                             make_plain_convolution, through_float({make_plain_convolution})});

}  // namespace
}  // namespace iabn
