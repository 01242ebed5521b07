// y = x·wᵀ + b.   x [N,K], w f32 [O,K], b f32 [O] or absent, y [N,O].
#include "cpu/convolution/gemm.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/threads.h"
#include "cpu/loops/through_float.h"
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

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const LinearShape s = shape_of(spec);
  const float* bias = ConvolutionEnd::of(spec).bias ? args.in<float>(2) : nullptr;
  parallel_divide(most_threads(), s.rows * s.outputs, [&](int64_t i, int) {
    const float* x = args.in<float>(0) + i / s.outputs * s.inputs;
    const float* w = args.in<float>(1) + i % s.outputs * s.inputs;
    double sum = bias ? bias[i % s.outputs] : 0.0f;
    for (int64_t k = 0; k < s.inputs; ++k) sum += double(x[k]) * w[k];
    args.out<float>(0)[i] = static_cast<float>(sum);
  });
}

constexpr auto make_plain = make_plain_float<run_plain>;

OpRegistration registration("linear",
                            {make_onednn, make_gemm, make_plain, through_float({make_onednn, make_plain})});

}  // namespace
}  // namespace iabn
