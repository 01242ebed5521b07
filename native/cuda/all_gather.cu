// Part i of the output is x from the group's rank i. In a plan for several processes that runs as one, parts
// of the others are zeros: of statistics, those of no samples.
#include "cuda/support/exchange.h"

namespace iabn::cuda {
namespace {

void expect_size(PluginHost& host, const std::string& group, int64_t size) {
  if (host.size(group) != size) throw std::invalid_argument("the plan is for a group of another size");
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const std::string group = spec.attrs.string("group");
  const size_t bytes = spec.inputs[0].bytes();
  const int64_t size = spec.attrs.integer("size");
  if (group.empty()) {
    return make_kernel_of([bytes, size, &context](const KernelArgs& args) {
      copy_bytes(context, args.outputs[0], args.inputs[0], bytes);
      clear_bytes(context, static_cast<uint8_t*>(args.outputs[0]) + bytes,
                  bytes * static_cast<size_t>(size - 1));
    });
  }
  if (context.options.nccl) {
    return make_kernel_of([=, &context](const KernelArgs& args) {
      expect_size(*context.host, group, size);
      Nccl& nccl = context.nccl();
      nccl.check(nccl.all_gather(args.inputs[0], args.outputs[0], bytes, nccl::kInt8,
                                 nccl.communicator(group, Lane::prompt), context.stream),
                 "all_gather");
    });
  }
  const auto mine = std::make_shared<HostCopy>(bytes);
  const auto all = std::make_shared<std::vector<uint8_t>>(bytes * static_cast<size_t>(size));
  return make_host_kernel([=, &context](const KernelArgs& args) {
    expect_size(*context.host, group, size);
    context.host->all_gather(group, mine->fetch(context, args.inputs[0]), all->data(), bytes);
    send_to_device(context, args.outputs[0], all->data(), all->size());
  });
}

const OpRegistration registration("all_gather", {make});

}  // namespace
}  // namespace iabn::cuda
