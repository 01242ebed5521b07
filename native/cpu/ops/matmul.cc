// c = a·b for activations, as matrices or batches of matrices (geometry/matmul_shape.h).
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

OpRegistration registration("matmul",
                            {onednn::make_matmul, make_gemm_matmul,
                             float_images({{0, 1}, {0}, true}, {onednn::make_matmul, make_gemm_matmul}),
                             make_empty_product});

}  // namespace
}  // namespace iabn
