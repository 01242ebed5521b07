// Waits for the pending sum in this memory.
#include "comm/member.h"
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const Member member(spec);
  return make_kernel_of([member](const KernelArgs& args) {
    if (!member.alone()) member.group()->finish(args.outputs[0]);
  });
}

const OpRegistration registration("all_reduce_wait", {make});

}  // namespace
}  // namespace iabn
