// x from the group's rank `root`.
#include "comm/member.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int root = static_cast<int>(spec.attrs.integer("root"));
  const size_t bytes = spec.inputs[0].bytes();
  return make_exchange(spec, [root, bytes](Group& group, void* data, size_t, SumType) {
    if (root >= group.size()) {
      throw std::invalid_argument("the group has no process " + std::to_string(root));
    }
    group.broadcast(data, bytes, root);
  });
}

const OpRegistration registration("broadcast", {make});

}  // namespace
}  // namespace iabn
