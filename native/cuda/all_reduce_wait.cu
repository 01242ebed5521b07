// The sum that all_reduce_start began is in its place once the stream comes here.
#include "cuda/support/kernels.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec&, Context&) {
  return make_kernel_of([](const KernelArgs&) {});
}

const OpRegistration registration("all_reduce_wait", {make});

}  // namespace
}  // namespace iabn::cuda
