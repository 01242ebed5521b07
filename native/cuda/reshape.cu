// y = x in another shape; a no-op if y is in place of x.
#include "cuda/support/kernels.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const size_t bytes = spec.inputs[0].bytes();
  return make_kernel_of([=, &context](const KernelArgs& args) {
    if (args.inputs[0] == args.outputs[0] || bytes == 0) return;
    check(cudaMemcpyAsync(args.outputs[0], args.inputs[0], bytes, cudaMemcpyDeviceToDevice, context.stream),
          "reshape");
  });
}

const OpRegistration registration("reshape", {make});

}  // namespace
}  // namespace iabn::cuda
