// A kernel's process group; none in a group of one process.
#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "comm/group.h"
#include "cpu/loops/closure.h"

namespace iabn {

inline SumType sum_type_of(const TensorDesc& x) {
  if (x.dtype == DType::f32) return SumType::f32;
  if (x.dtype == DType::i32) return SumType::i32;
  throw std::invalid_argument("sums over processes require float32 or int32");
}

class Member {
 public:
  explicit Member(const KernelSpec& spec) : name_(spec.attrs.string("group")) {}

  bool alone() const { return name_.empty(); }
  // Looked up at every run: plans are made before processes meet, and outlive their groups.
  std::shared_ptr<Group> group() const { return Group::find(name_); }

 private:
  std::string name_;
};

// A kernel that updates its operand in place: run(group, data, elements, type).
template <class Run>
std::unique_ptr<Kernel> make_exchange(const KernelSpec& spec, Run run) {
  const Member member(spec);
  const size_t elements = static_cast<size_t>(spec.inputs[0].elements());
  const size_t bytes = spec.inputs[0].bytes();
  const SumType type = sum_type_of(spec.inputs[0]);
  return make_kernel_of([=](const KernelArgs& args) {
    void* data = args.outputs[0];
    if (data != args.inputs[0] && bytes > 0) std::memcpy(data, args.inputs[0], bytes);
    if (!member.alone()) run(*member.group(), data, elements, type);
  });
}

}  // namespace iabn
