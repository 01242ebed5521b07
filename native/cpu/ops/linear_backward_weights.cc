// dw = dyᵀ·x, float32.   x [N,K], dy [N,O], dw [O,K].
#include "cpu/convolution/gemm.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/threads.h"
#include "cpu/loops/through_float.h"
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

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const LinearShape s = shape_of(spec);
  parallel_divide(most_threads(), s.outputs * s.inputs, [&](int64_t i, int) {
    const float* x = args.in<float>(0) + i % s.inputs;
    const float* dy = args.in<float>(1) + i / s.inputs;
    double sum = 0;
    for (int64_t n = 0; n < s.rows; ++n) sum += double(x[n * s.inputs]) * dy[n * s.outputs];
    args.out<float>(0)[i] = static_cast<float>(sum);
  });
}

constexpr auto make_plain = make_plain_float<run_plain>;

OpRegistration registration("linear_backward_weights", {make_onednn, make_gemm_weights, make_plain,
                                                        through_float({make_onednn, make_plain})});

}  // namespace
}  // namespace iabn
