// oneDNN helpers shared by the kernels: engine, stream, primitives whose operands are bound at each run, and
// weight reorders. The caller provides scratchpads, so that they are part of the memory plan.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cpu/onednn/onednn_api.h"
#include "program/kernel.h"

namespace iabn {

// Lays out the parts of a kernel's workspace, each aligned to a cache line.
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

// Attributes that request a scratchpad at each run.
dnnl::primitive_attr user_scratchpad();

// Throws Refused for a dtype that oneDNN does not support.
dnnl::memory::data_type data_type(DType dtype);

// True if the CPU has the instructions and this process may use them (respects ONEDNN_MAX_CPU_ISA).
bool allows(dnnl::cpu_isa isa);

// Version of the library in use, such as "2.6.3".
std::string version();

// True if oneDNN can use bfloat16 instructions.
bool has_bfloat16();

// Throws Refused for bfloat16 products without such instructions: emulated, they run at a quarter to a tenth
// of float32's speed.
void refuse_emulated(DType images);

// Throws Refused if the implementation is a reference loop, which is slower than our own plain one.
void refuse_reference(const std::string& implementation);

// Calls make() and converts oneDNN's errors to Refused.
template <class Make>
auto refusing(const char* what, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw Refused(std::string("oneDNN has no ") + what + " for these shapes and dtypes on this CPU (" +
                  error.what() + ")");
  }
}

// A primitive whose memory objects are created once; run() only sets their addresses.
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

// Copies between layouts and dtypes; a no-op if they are equal.
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

// Weights (or their gradient) in the program's layout and in the primitive's.
struct Weights {
  int argument;
  Place place;
  dnnl::memory::desc own;
  dnnl::memory::desc preferred;
  bool constant = false;  // they stay the same between runs
};

// A single primitive. Weights are laid out (and cast) before it runs, constant ones once for many runs; their
// gradient is converted back afterwards.
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
