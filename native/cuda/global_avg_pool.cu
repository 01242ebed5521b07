// y[n,c] = Σ x[n,c,…] / pixels.   x [N,C,S1,…] channels-last, y [N,C].
#include "cuda/support/sums.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& x = spec.inputs[0];
  const int64_t images = x.dims[0];
  const double pixels = images == 0 ? 1.0 : static_cast<double>(x.rows() / images);
  return make_row_sums(context, x, x.dtype, images, pixels);
}

const OpRegistration registration("global_avg_pool", {make});

}  // namespace
}  // namespace iabn::cuda
