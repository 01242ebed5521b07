// x from the group's rank `root`.
#include "cuda/support/exchange.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  expect_reducible(spec.inputs[0]);
  const int root = static_cast<int>(spec.attrs.integer("root"));
  const size_t bytes = spec.inputs[0].bytes();
  const auto check_root = [root](PluginHost& host, const std::string& group) {
    if (root >= host.size(group))
      throw std::invalid_argument("the group has no process " + std::to_string(root));
  };
  return make_exchange(
      spec, context,
      [=, &context](const std::string& group, void* data) {
        check_root(*context.host, group);
        Nccl& nccl = context.nccl();
        nccl.check(nccl.broadcast(data, data, bytes, nccl::kInt8, root,
                                  nccl.communicator(group, Lane::prompt), context.stream),
                   "broadcast");
      },
      [=](PluginHost& host, const std::string& group, void* data) {
        check_root(host, group);
        host.broadcast(group, data, bytes, root);
      });
}

const OpRegistration registration("broadcast", {make});

}  // namespace
}  // namespace iabn::cuda
