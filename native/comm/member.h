// A kernel's view of its process group: none for a process alone.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "comm/group.h"
#include "program/kernel.h"

namespace iabn {

inline SumType sum_type_of(const TensorDesc& x) {
  if (x.dtype == DType::f32) return SumType::f32;
  if (x.dtype == DType::i32) return SumType::i32;
  throw std::invalid_argument("sums over processes are of float32 or int32");
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

}  // namespace iabn
