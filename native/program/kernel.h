// The interface between programs and kernels.
//
// A kernel is created once per instruction from a checked specification and can then run any number of times.
// It must not allocate while running: workspace_bytes() requests scratch memory, which is part of the plan.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "program/attrs.h"
#include "program/tensor.h"

namespace iabn {

struct KernelSpec {
  std::string op;
  Attrs attrs;
  std::vector<TensorDesc> inputs;  // an absent optional operand has dtype none
  std::vector<TensorDesc> outputs;
  std::vector<bool> constants;  // inputs that stay the same from run to run; may be shorter than inputs
  std::string choice = {};      // name of a Choice to make again; empty: free

  bool constant(size_t input) const { return input < constants.size() && constants[input]; }
  // True for a kernel that is the same in every run on machines of one kind, and has the same bits on any
  // number of threads.
  bool untimed() const { return choice == "untimed"; }
  // Total bytes of the operands that are present.
  size_t operand_bytes() const {
    size_t bytes = 0;
    for (const auto* operands : {&inputs, &outputs}) {
      for (const TensorDesc& operand : *operands) bytes += operand.present() ? operand.bytes() : 0;
    }
    return bytes;
  }
};

// Pointers in the order of the specification; nullptr for absent operands. Dense tensors are 64-byte aligned.
// Strided views are passed only for operands that the op's definition marks as pitched. An output may alias
// an input exactly where the op's TypeScript definition allows it.
struct KernelArgs {
  const std::vector<void*>& inputs;
  const std::vector<void*>& outputs;
  void* workspace;
  void* layout;  // of layout_bytes(), kept between runs

  template <class T>
  const T* in(size_t index) const {
    return static_cast<const T*>(inputs[index]);
  }
  template <class T>
  T* out(size_t index) const {
    return static_cast<T*>(outputs[index]);
  }
};

// The implementation that was chosen where the specification alone does not determine it. Implementations
// differ in summation order, so a resumed run requests the same ones by name.
struct Choice {
  std::string name;     // empty: there was nothing to choose
  std::string refusal;  // why it is not the one that was asked for
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  Choice choice;
  virtual size_t workspace_bytes() const { return 0; }  // of each run() and lay_out()
  // Constant inputs that the kernel keeps in its own layout: lay_out() writes it, with the same workspace,
  // whenever they have changed, and run() then receives null for them.
  virtual size_t layout_bytes() const { return 0; }
  virtual std::vector<size_t> laid_out_inputs() const { return {}; }
  virtual void lay_out(const KernelArgs&) {}
  // Name of the chosen implementation, for plans and profiles ("brgconv:avx512_core_amx", "simd").
  virtual std::string implementation() const { return "simd"; }
  // Throws RunStopped to stop the program before the following instructions.
  virtual void run(const KernelArgs& args) = 0;
};

// Thrown by guard kernels to stop the step, for example if the loss is not finite.
struct RunStopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Thrown with the reason by a factory that cannot serve a specification. The next implementation in the list
// is tried.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using KernelFactory = std::function<std::unique_ptr<Kernel>(const KernelSpec&)>;

// Implementations of one op, fastest first, reference kernel last.
void register_op(const char* op, std::vector<KernelFactory> implementations);

struct MadeKernel {
  std::unique_ptr<Kernel> kernel;
  std::vector<std::string> refusals;  // why faster implementations were passed over
};

// Throws std::invalid_argument with every reason if no implementation accepts the specification.
MadeKernel make_kernel(const KernelSpec& spec);
bool has_op(const std::string& op);

// The kernel of the first factory that accepts. If none does, throws Refused with `what` and every reason.
std::unique_ptr<Kernel> first_accepting(const KernelSpec& spec, const std::vector<KernelFactory>& factories,
                                        const std::string& what);

struct OpRegistration {
  OpRegistration(const char* op, std::vector<KernelFactory> implementations) {
    register_op(op, std::move(implementations));
  }
};

}  // namespace iabn
