// Products of data with a layer's weights, with any library. The weights are converted to the library's
// layout (T, O×KH×KW×I) at every run or, if they are constant, once.
#pragma once

#include <memory>
#include <string>

#include "cuda/libraries/cublaslt.h"
#include "cuda/support/convolution.h"
#include "cuda/support/kernels.h"
#include "cuda/support/weights.h"
#include "cuda/support/workspace.h"

namespace iabn::cuda {

class WeightedOp {
 public:
  // `constant`: the weights do not change between runs.
  WeightedOp(Context& context, const WeightShape& weights, DType dtype, bool constant)
      : context_(context), weights_(weights), dtype_(dtype) {
    as_they_are_ = weights_as_they_are(weights, dtype);
    const size_t bytes = as_they_are_ ? 0 : static_cast<size_t>(weights.elements()) * dtype_size(dtype);
    layout_bytes_ = constant ? bytes : 0;
    weights_at_ = workspace_.add(constant ? 0 : bytes);
  }
  virtual ~WeightedOp() = default;

  size_t workspace_bytes() const { return workspace_.bytes(); }
  size_t layout_bytes() const { return layout_bytes_; }
  virtual std::string implementation() const = 0;
  virtual Choice choice() const { return {}; }
  void lay_out(const float* weight, void* to) const {
    with_data(dtype_, [&](auto type) {
      lay_out_weights(context_, weights_, weight, static_cast<typename decltype(type)::type*>(to));
    });
  }

  // out = in · weights + keep·out; the weights are input 1 of `args`.
  void apply(const KernelArgs& args, const void* in, void* out, float keep) const {
    const void* weights = args.inputs[1];
    if (layout_bytes_ > 0) {
      weights = args.layout;
    } else if (!as_they_are_) {
      void* made = Workspace::at(args.workspace, weights_at_);
      lay_out(args.in<float>(1), made);
      weights = made;
    }
    multiply(weights, in, out, Workspace::at(args.workspace, scratch_at_), keep);
  }

 protected:
  void reserve(size_t scratch) { scratch_at_ = workspace_.add(scratch); }
  virtual void multiply(const void* weights, const void* in, void* out, void* scratch, float keep) const = 0;
  Context& context_;

 private:
  WeightShape weights_;
  DType dtype_;
  Workspace workspace_;
  size_t layout_bytes_ = 0, weights_at_ = 0, scratch_at_ = 0;
  bool as_they_are_ = false;
};

class MatmulOp final : public WeightedOp {
 public:
  MatmulOp(Context& context, const WeightShape& weights, const Product& product, bool constant)
      : WeightedOp(context, weights, product.operands, constant), matmul_(context, product) {
    reserve(matmul_.workspace_bytes());
  }
  std::string implementation() const override { return "cublaslt"; }

 protected:
  void multiply(const void* weights, const void* in, void* out, void* scratch, float keep) const override {
    matmul_.run(weights, in, out, scratch, keep);
  }

 private:
  Matmul matmul_;
};

// `direction`: forward or backward_data.
class ConvolutionOp final : public WeightedOp {
 public:
  ConvolutionOp(Context& context, const ConvShape& shape, Direction direction, const KernelSpec& spec)
      : WeightedOp(context, weight_shape(shape), spec.inputs[0].dtype, spec.constant(1)),
        direction_(direction),
        convolution_(context, shape, spec.inputs[0].dtype, direction, spec.choice) {
    reserve(convolution_.workspace_bytes());
  }
  std::string implementation() const override { return convolution_.implementation(); }
  Choice choice() const override { return convolution_.choice(); }

 protected:
  void multiply(const void* weights, const void* in, void* out, void* scratch, float keep) const override {
    if (direction_ == Direction::forward) return convolution_.forward(in, weights, out, scratch, keep);
    convolution_.backward_data(in, weights, out, scratch);
  }

 private:
  Direction direction_;
  Convolution convolution_;
};

// A kernel with the data as input 0 and the weights as input 1.
class WeightedKernel : public Kernel {
 public:
  // null if there is nothing to sum.
  explicit WeightedKernel(std::unique_ptr<WeightedOp> op) : op_(std::move(op)) {
    if (op_) choice = op_->choice();
  }

  size_t workspace_bytes() const override { return op_ ? op_->workspace_bytes() : 0; }
  size_t layout_bytes() const override { return op_ ? op_->layout_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override { return {1}; }
  std::string implementation() const override { return op_ ? op_->implementation() : "nothing to sum"; }
  void lay_out(const KernelArgs& args) override { op_->lay_out(args.in<float>(1), args.layout); }

 protected:
  const WeightedOp* op() const { return op_.get(); }

 private:
  std::unique_ptr<WeightedOp> op_;
};

}  // namespace iabn::cuda
