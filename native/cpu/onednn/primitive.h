// oneDNN helpers shared by the kernels: engine, stream, primitives whose operands are bound at each run, and
// weight reorders. The caller provides scratchpads, so that they are part of the memory plan.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cpu/onednn/onednn.h"
#include "cpu/onednn/onednn_api.h"
#include "program/workspace.h"

namespace iabn {

namespace onednn {

const dnnl::engine& engine();
dnnl::stream& stream();

// Attributes that request a scratchpad at each run.
dnnl::primitive_attr user_scratchpad();

// Throws Refused for a dtype that oneDNN does not support.
dnnl::memory::data_type data_type(DType dtype);

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

// A description, unless it is of a reference loop.
template <class Make>
auto accepted(const char* what, Make make) -> decltype(make()) {
  return refusing(what, [&] {
    auto desc = make();
    refuse_reference(desc.impl_info_str());
    return desc;
  });
}

// A primitive as described. oneDNN 2.6 describes some whose code it then fails to generate: refused as well.
template <class P>
P created(const typename P::primitive_desc& desc) {
  return refusing("kernel", [&] { return P(desc); });
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
