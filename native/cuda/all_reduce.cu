// Sums x over the processes of the group, blocking the stream.
#include "cuda/support/exchange.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const Reduction sum = reduction_of(spec);
  return make_exchange(
      spec, context,
      [=, &context](const std::string& group, void* data) {
        sum.by_nccl(context, group, Lane::prompt, data, context.stream);
      },
      [=](PluginHost& host, const std::string& group, void* data) { sum.by_host(host, group, data); });
}

const OpRegistration registration("all_reduce", {make});

}  // namespace
}  // namespace iabn::cuda
