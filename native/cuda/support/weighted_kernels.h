// Kernels that are a product with weights and an epilogue: linear layers and convolutions, forward and
// backward-data.
#pragma once

#include "cuda/support/epilogue.h"
#include "cuda/support/pitched.h"
#include "cuda/support/weighted.h"

namespace iabn::cuda {

// y = φ(x·w + b + addend).   Operands x, w, b?, addend?; y may overwrite the addend.
class WeightedForward final : public WeightedKernel {
 public:
  WeightedForward(Context& context, const KernelSpec& spec, const Activation& activation,
                  std::unique_ptr<WeightedOp> op)
      : WeightedKernel(std::move(op)),
        context_(context),
        dtype_(spec.outputs[0].dtype),
        bytes_(spec.outputs[0].bytes()),
        rows_(row_map(context, {&spec.outputs[0]}, kMapBlocks)),
        activation_(activation),
        biased_(spec.inputs.size() > 2 && spec.inputs[2].present()),
        added_(spec.inputs.size() > 3 && spec.inputs[3].present()) {}

  void run(const KernelArgs& args) override {
    void* y = args.outputs[0];
    if (added_) {
      copy_bytes(context_, y, args.inputs[3], bytes_);
    } else if (!op()) {
      clear_bytes(context_, y, bytes_);
    }
    if (op()) op()->apply(args, args.inputs[0], y, added_ ? 1.0f : 0.0f);
    with_data(dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      finish_product(context_, rows_, args.out<T>(0), biased_ ? args.in<float>(2) : nullptr, activation_);
    });
  }

 private:
  Context& context_;
  DType dtype_;
  size_t bytes_;
  RowMap rows_;
  Activation activation_;
  bool biased_, added_;
};

// dx = dy·w.   Operands dy, w.
class WeightedBackward final : public WeightedKernel {
 public:
  WeightedBackward(Context& context, const KernelSpec& spec, std::unique_ptr<WeightedOp> op)
      : WeightedKernel(std::move(op)), context_(context), bytes_(spec.outputs[0].bytes()) {}

  void run(const KernelArgs& args) override {
    if (!op()) return clear_bytes(context_, args.outputs[0], bytes_);
    op()->apply(args, args.inputs[0], args.outputs[0], 0.0f);
  }

 private:
  Context& context_;
  size_t bytes_;
};

}  // namespace iabn::cuda
