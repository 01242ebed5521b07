// c = a·b for activations, as matrices or batches of matrices (geometry/matmul_shape.h).
#include <algorithm>

#include "cpu/convolution/gemm.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/plain.h"
#include "cpu/loops/through_float.h"
#include "cpu/onednn/onednn.h"
#include "geometry/matmul_shape.h"

namespace iabn {
namespace {

MatmulShape shape_of(const KernelSpec& spec) {
  return MatmulShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
}

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const MatmulShape s = shape_of(spec);
  parallel_tasks(s.results() * s.m, s.results() * s.m * s.n * s.terms() * s.k, [&](int64_t task) {
    const int64_t result = task / s.m, i = task % s.m;
    for (int64_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (int64_t batch = result; batch < result + s.terms(); ++batch) {
        const float* a = args.in<float>(0) + batch * s.a.batch + i * s.a.row;
        const float* b = args.in<float>(1) + batch * s.b.batch + j * s.b.column;
        for (int64_t k = 0; k < s.k; ++k) sum += double(a[k * s.a.column]) * b[k * s.b.row];
      }
      args.out<float>(0)[result * s.c.batch + i * s.c.row + j * s.c.column] = static_cast<float>(sum);
    }
  });
}

constexpr auto make_plain = make_plain_float<run_plain>;

OpRegistration registration("matmul", {onednn::make_matmul, make_gemm_matmul, make_plain,
                                       through_float({onednn::make_matmul, make_gemm_matmul, make_plain})});

}  // namespace
}  // namespace iabn
