// Starts the sum over the processes of the group. With NCCL, the following kernels overlap with it. It works
// on the output's memory only, so the input is free as soon as this has run.
#include "cuda/support/exchange.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const Reduction sum = reduction_of(spec);
  return make_exchange(
      spec, context,
      [=, &context](const std::string& group, void* data) {
        context.exchanges.start(
            data, [&](cudaStream_t stream) { sum.by_nccl(context, group, Lane::background, data, stream); });
      },
      [=](PluginHost& host, const std::string& group, void* data) { sum.by_host(host, group, data); });
}

const OpRegistration registration("all_reduce_start", {make});

}  // namespace
}  // namespace iabn::cuda
