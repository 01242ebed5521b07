// dx = dy·w.   dy [N,O], w f32 [O,K], dx [N,K].
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/gemm.h"
#include "cpu/onednn/onednn.h"
#include "geometry/linear_shape.h"

namespace iabn {
namespace {

LinearShape shape_of(const KernelSpec& spec) {
  return LinearShape::from(spec.outputs[0], spec.inputs[1], spec.inputs[0]);
}

std::unique_ptr<Kernel> make_onednn(const KernelSpec& spec) {
  onednn::refuse_untimed(spec);
  return onednn::matmul_backward_data(shape_of(spec), spec.inputs[0].dtype, spec.outputs[0].dtype);
}

OpRegistration registration("linear_backward_data",
                            {make_onednn, float_images({{0}, {0}, true}, {make_onednn}), make_gemm_data,
                             make_empty_product});

}  // namespace
}  // namespace iabn
