// Queues Σ over the processes of the group. What is under way is the output's memory alone: the input is free
// as soon as this has run.
#include <cstring>

#include "comm/member.h"
#include "cpu/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const Member member(spec);
  const size_t elements = static_cast<size_t>(spec.inputs[0].elements());
  const size_t bytes = spec.inputs[0].bytes();
  const SumType type = sum_type_of(spec.inputs[0]);
  return make_kernel_of([member, elements, bytes, type](const KernelArgs& args) {
    void* sum = args.outputs[0];
    if (sum != args.inputs[0] && bytes > 0) std::memcpy(sum, args.inputs[0], bytes);
    if (!member.alone()) member.group()->start_all_reduce(sum, elements, type);
  });
}

const OpRegistration registration("all_reduce_start", {make});

}  // namespace
}  // namespace iabn
