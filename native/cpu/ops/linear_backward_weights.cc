// dw = dyᵀ·x, float32.   x [N,K], dy [N,O], dw [O,K].
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/onednn/onednn.h"
#include "geometry/linear_shape.h"

namespace iabn {
namespace {

LinearShape shape_of(const KernelSpec& spec) {
  return LinearShape::from(spec.inputs[0], spec.outputs[0], spec.inputs[1]);
}

std::unique_ptr<Kernel> make_onednn(const KernelSpec& spec) {
  onednn::refuse_untimed(spec);
  return onednn::matmul_backward_weights(shape_of(spec), spec.inputs[0].dtype, spec.inputs[1].dtype);
}

OpRegistration registration("linear_backward_weights",
                            {make_onednn, float_images({{0, 1}, {}, true}, {make_onednn}), make_gemm_weights,
                             make_empty_product});

}  // namespace
}  // namespace iabn
