// Part i of the output is x from the group's rank i. In a plan for several processes that runs as one, parts
// of the others are zeros: of statistics, those of no samples.
#include <cstring>

#include "comm/member.h"
#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const Member member(spec);
  const size_t bytes = spec.inputs[0].bytes();
  const int64_t size = spec.attrs.integer("size");
  return make_kernel_of([member, bytes, size](const KernelArgs& args) {
    if (member.alone()) {
      auto* gathered = static_cast<uint8_t*>(args.outputs[0]);
      if (bytes == 0) return;
      std::memcpy(gathered, args.inputs[0], bytes);
      std::memset(gathered + bytes, 0, bytes * static_cast<size_t>(size - 1));
      return;
    }
    const auto group = member.group();
    if (group->size() != size) throw std::invalid_argument("the plan is for a group of another size");
    group->all_gather(args.inputs[0], args.outputs[0], bytes);
  });
}

const OpRegistration registration("all_gather", {make});

}  // namespace
}  // namespace iabn
