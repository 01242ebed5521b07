// The little of oneDNN that the kernels share: engine, stream, primitives whose operands are bound at each
// run, and weight reorders. Scratchpads are the caller's, so that they are part of the memory plan.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cpu/onednn/onednn_api.h"
#include "program/kernel.h"

namespace iabn {

// Lays out the parts of a kernel's workspace, each on a cache line of its own.
class WorkspaceLayout {
 public:
  // Returns the offset of a new part.
  size_t add(size_t bytes) {
    const size_t offset = bytes_;
    bytes_ += (bytes + 63) / 64 * 64;
    return offset;
  }
  size_t bytes() const { return bytes_; }

  template <class T = void>
  static T* at(void* workspace, size_t offset) {
    return static_cast<T*>(static_cast<void*>(static_cast<char*>(workspace) + offset));
  }

 private:
  size_t bytes_ = 0;
};

namespace onednn {

const dnnl::engine& engine();
dnnl::stream& stream();

// Attributes asking for a scratchpad given at each run.
dnnl::primitive_attr user_scratchpad();

// Throws Refused for a dtype that oneDNN does not compute in.
dnnl::memory::data_type data_type(DType dtype);

// Whether the CPU has the instructions and this process may use them (ONEDNN_MAX_CPU_ISA is respected).
bool allows(dnnl::cpu_isa isa);

// Of the library in use, as "2.6.3".
std::string version();

// Whether bfloat16 is among them.
bool has_bfloat16();

// Throws Refused for products of bfloat16 without them: emulated, they have a quarter of float32's speed, or
// a tenth.
void refuse_emulated(DType images);

// Throws Refused when the implementation is a reference loop, slower than our own plain one.
void refuse_reference(const std::string& implementation);

// make() with oneDNN's errors turned into Refused.
template <class Make>
auto refusing(const char* what, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw Refused(std::string("oneDNN has no ") + what + " for these shapes and dtypes on this CPU (" +
                  error.what() + ")");
  }
}

// A primitive with its memory objects made once; run() only sets their addresses.
class Primitive {
 public:
  using Operands = std::vector<std::pair<int, dnnl::memory::desc>>;

  Primitive(const dnnl::primitive& primitive, const Operands& operands, const dnnl::memory::desc& scratchpad);

  size_t scratchpad_bytes() const { return scratchpad_bytes_; }
  void bind(int argument, void* data) { arguments_.at(argument).set_data_handle(data); }
  void run(void* scratchpad);

 private:
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
  size_t scratchpad_bytes_;
};

// Copies between layouts and dtypes; nothing at all when they are the same.
class Reorder {
 public:
  Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

  bool needed() const { return !primitives_.empty(); }
  size_t scratchpad_bytes() const { return needed() ? primitives_.front().scratchpad_bytes() : 0; }
  void run(const void* from, void* to, void* scratchpad);

 private:
  std::vector<Primitive> primitives_;  // one, or none
};

// An operand of a kernel: the index-th input or output of its specification.
struct Place {
  bool output;
  size_t index;
};

struct Operand {
  int argument;  // DNNL_ARG_*
  Place place;
  dnnl::memory::desc desc;
};

// Weights (or their gradient) as the program holds them and as the primitive wants them.
struct Weights {
  int argument;
  Place place;
  dnnl::memory::desc own;
  dnnl::memory::desc preferred;
  bool constant = false;  // they stay the same between runs
};

// One primitive; weights are laid out (and cast) for it before it runs, constant ones once for many runs;
// their gradient is brought back after it.
class PrimitiveKernel : public Kernel {
 public:
  PrimitiveKernel(std::string implementation, const dnnl::primitive& primitive,
                  const std::vector<Operand>& operands, const Weights& weights,
                  const dnnl::memory::desc& scratchpad);

  size_t workspace_bytes() const override { return layout_.bytes(); }
  size_t layout_bytes() const override { return kept() ? weights_.preferred.get_size() : 0; }
  std::vector<size_t> laid_out_inputs() const override;
  void lay_out(const KernelArgs& args) override;
  std::string implementation() const override { return implementation_; }
  void run(const KernelArgs& args) override;

 private:
  bool kept() const { return weights_.constant && reorder_.needed(); }

  std::string implementation_;
  std::vector<Operand> operands_;
  Weights weights_;
  Primitive primitive_;
  Reorder reorder_;
  WorkspaceLayout layout_;
  size_t weights_offset_ = 0;
  size_t scratchpad_offset_ = 0;
};

}  // namespace onednn
}  // namespace iabn
