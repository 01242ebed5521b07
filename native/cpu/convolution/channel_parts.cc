#include "cpu/convolution/channel_parts.h"

#include <algorithm>
#include <utility>

#include "cpu/loops/channels.h"
#include "program/workspace.h"

namespace iabn {
namespace {

constexpr size_t kPartBytes = size_t{4} << 20;  // of weights
constexpr int64_t kFewestChannels = 64;
constexpr int64_t kWholeVectors = 16;  // channels of a part are a multiple of this

// Of a specification, constant or not.
template <class Spec>
auto& operand_of(Spec& spec, const DividedOperand& divided) {
  return divided.output ? spec.outputs[divided.index] : spec.inputs[divided.index];
}

bool is_there(const KernelSpec& spec, const DividedOperand& divided) {
  const auto& operands = divided.output ? spec.outputs : spec.inputs;
  return divided.index < operands.size() && operands[divided.index].present();
}

// The fewest parts with small enough weights, or as many as the channels can be divided into.
int64_t parts_of(const TensorDesc& weights, int64_t channels) {
  const int64_t least = ceil_div(static_cast<int64_t>(weights.bytes()), static_cast<int64_t>(kPartBytes));
  if (least < 2) throw Refused("the weights are not large");
  int64_t most = 1;
  for (int64_t parts = 2; channels / parts >= kFewestChannels && most < least; ++parts) {
    if (channels % (parts * kWholeVectors) == 0) most = parts;
  }
  if (most == 1) throw Refused("the channels cannot be divided into parts of whole vectors");
  return most;
}

// Contiguous bytes in the operand and in a part of it, and how often they repeat.
struct Rows {
  size_t operand;
  bool output;
  int64_t count;
  size_t whole;
  size_t part;
  size_t offset;  // of a dense copy of the part in the workspace
  bool lies_dense() const { return count == 1; }
};

class ChannelParts : public Kernel {
 public:
  ChannelParts(const KernelSpec& spec, const DividedOperand& weights,
               const std::vector<DividedOperand>& others, const KernelFactory& make)
      : inputs_(spec.inputs.size()), outputs_(spec.outputs.size()) {
    if (spec.attrs.integer("groups") != 1) throw Refused("groups are not divided");
    if (!weights.output && spec.constant(weights.index)) throw Refused("the weights are laid out once");
    const TensorDesc& whole = operand_of(spec, weights);
    parts_ = parts_of(whole, whole.dims[weights.axis]);
    KernelSpec part = spec;
    rows_.push_back(divide(spec, weights, operand_of(part, weights)));
    for (const DividedOperand& one : others) {
      if (is_there(spec, one)) rows_.push_back(divide(spec, one, operand_of(part, one)));
    }
    kernel_ = make(part);
    inner_workspace_ = layout_.add(kernel_->workspace_bytes());
  }

  size_t workspace_bytes() const override { return layout_.bytes(); }
  std::string implementation() const override {
    return std::to_string(parts_) + " parts, " + kernel_->implementation();
  }

  void run(const KernelArgs& args) override {
    std::copy(args.inputs.begin(), args.inputs.end(), inputs_.begin());
    std::copy(args.outputs.begin(), args.outputs.end(), outputs_.begin());
    const KernelArgs inner = {inputs_, outputs_, WorkspaceLayout::at(args.workspace, inner_workspace_),
                              nullptr};
    for (int64_t part = 0; part < parts_; ++part) {
      for (const Rows& rows : rows_) place(rows, part, args);
      kernel_->run(inner);
      for (const Rows& rows : rows_) {
        if (rows.output && !rows.lies_dense()) scatter(rows, part, args);
      }
    }
  }

 private:
  Rows divide(const KernelSpec& spec, const DividedOperand& divided, TensorDesc& part) {
    const TensorDesc& whole = operand_of(spec, divided);
    if (!whole.dense()) throw Refused("a divided operand has strided rows");
    if (whole.elements() == 0) throw Refused("there is nothing to divide");
    part.dims[divided.axis] /= parts_;
    int64_t count = divided.images ? whole.rows() : 1;
    for (size_t axis = 0; !divided.images && axis < divided.axis; ++axis) count *= whole.dims[axis];
    Rows rows{divided.index, divided.output, count, whole.bytes() / static_cast<size_t>(count), 0, 0};
    rows.part = rows.whole / static_cast<size_t>(parts_);
    if (!rows.lies_dense()) rows.offset = layout_.add(part.bytes());
    return rows;
  }

  static char* base(const Rows& rows, const KernelArgs& args) {
    const auto& operands = rows.output ? args.outputs : args.inputs;
    return static_cast<char*>(operands[rows.operand]);
  }

  // Passes the kernel its part of an operand, in place or as a dense copy.
  void place(const Rows& rows, int64_t part, const KernelArgs& args) {
    char* from = base(rows, args) + static_cast<size_t>(part) * rows.part;
    void* given = from;
    if (!rows.lies_dense()) {
      char* to = WorkspaceLayout::at<char>(args.workspace, rows.offset);
      if (!rows.output) copy(rows, from, rows.whole, to, rows.part);
      given = to;
    }
    (rows.output ? outputs_ : inputs_)[rows.operand] = given;
  }

  static void scatter(const Rows& rows, int64_t part, const KernelArgs& args) {
    char* to = base(rows, args) + static_cast<size_t>(part) * rows.part;
    copy(rows, WorkspaceLayout::at<char>(args.workspace, rows.offset), rows.part, to, rows.whole);
  }

  static void copy(const Rows& rows, const char* from, size_t from_pitch, char* to, size_t to_pitch) {
    const int64_t elements = static_cast<int64_t>(rows.part / sizeof(float));
    parallel_range(rows.count, elements, 1, [&](int64_t begin, int64_t end) {
      copy_rows(from, {0, from_pitch}, to, {0, to_pitch}, rows.part, begin, end);
    });
  }

  WorkspaceLayout layout_;
  std::vector<Rows> rows_;
  std::vector<void*> inputs_, outputs_;  // operands of the part's kernel, refilled at each part
  std::unique_ptr<Kernel> kernel_;
  size_t inner_workspace_ = 0;
  int64_t parts_ = 0;
};

}  // namespace

KernelFactory channel_parts(DividedOperand weights, std::vector<DividedOperand> others, KernelFactory make) {
  return [weights, others = std::move(others),
          make = std::move(make)](const KernelSpec& spec) -> std::unique_ptr<Kernel> {
    return std::make_unique<ChannelParts>(spec, weights, others, make);
  };
}

}  // namespace iabn
