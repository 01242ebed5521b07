// dx = dy·w.   dy [N,O], w f32 [O,K], dx [N,K].
#include "cpu/convolution/gemm.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/threads.h"
#include "cpu/loops/through_float.h"
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

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const LinearShape s = shape_of(spec);
  parallel_divide(most_threads(), s.rows * s.inputs, [&](int64_t i, int) {
    const float* dy = args.in<float>(0) + i / s.inputs * s.outputs;
    const float* w = args.in<float>(1) + i % s.inputs;
    double sum = 0;
    for (int64_t o = 0; o < s.outputs; ++o) sum += double(dy[o]) * w[o * s.inputs];
    args.out<float>(0)[i] = static_cast<float>(sum);
  });
}

constexpr auto make_plain = make_plain_float<run_plain>;

OpRegistration registration("linear_backward_data", {make_onednn, make_gemm_data, make_plain,
                                                     through_float({make_onednn, make_plain})});

}  // namespace
}  // namespace iabn
