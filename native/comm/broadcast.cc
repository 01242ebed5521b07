// x of the group's process `root`.
#include <cstring>

#include "comm/member.h"
#include "cpu/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const Member member(spec);
  const size_t bytes = spec.inputs[0].bytes();
  const int root = static_cast<int>(spec.attrs.integer("root"));
  return make_kernel_of([member, bytes, root](const KernelArgs& args) {
    void* received = args.outputs[0];
    if (received != args.inputs[0] && bytes > 0) std::memcpy(received, args.inputs[0], bytes);
    if (member.alone()) return;
    const auto group = member.group();
    if (root >= group->size())
      throw std::invalid_argument("the group has no process " + std::to_string(root));
    group->broadcast(received, bytes, root);
  });
}

const OpRegistration registration("broadcast", {make});

}  // namespace
}  // namespace iabn
