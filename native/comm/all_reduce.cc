// Sums x over the processes of the group, blocking the caller.
#include "comm/member.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_exchange(spec, [](Group& group, void* data, size_t elements, SumType type) {
    group.all_reduce(data, elements, type);
  });
}

const OpRegistration registration("all_reduce", {make});

}  // namespace
}  // namespace iabn
