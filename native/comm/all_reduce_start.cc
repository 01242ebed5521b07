// Queues the sum over the processes of the group. It works on the output's memory only, so the input is free
// as soon as this has run.
#include "comm/member.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return make_exchange(spec, [](Group& group, void* data, size_t elements, SumType type) {
    group.start_all_reduce(data, elements, type);
  });
}

const OpRegistration registration("all_reduce_start", {make});

}  // namespace
}  // namespace iabn
