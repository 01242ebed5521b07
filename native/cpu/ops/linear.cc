// y = x·wᵀ + b.   x [N,K], w f32 [O,K], b f32 [O] or absent, y [N,O].
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/onednn/onednn.h"
#include "geometry/linear_shape.h"

namespace iabn {
namespace {

LinearShape shape_of(const KernelSpec& spec) {
  return LinearShape::from(spec.inputs[0], spec.inputs[1], spec.outputs[0]);
}

std::unique_ptr<Kernel> make_onednn(const KernelSpec& spec) {
  onednn::refuse_untimed(spec);
  return onednn::matmul_forward(shape_of(spec), spec.inputs[0].dtype, spec.outputs[0].dtype,
                                ConvolutionEnd::of(spec).bias, spec.constant(1));
}

OpRegistration registration("linear", {make_onednn, float_images({{0}, {0}, true}, {make_onednn}), make_gemm,
                                       make_empty_product});

}  // namespace
}  // namespace iabn
