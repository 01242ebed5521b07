// What the three products of a linear layer share.
#pragma once

#include <memory>

#include "cuda/libraries/cublaslt.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "cuda/support/weights.h"
#include "cuda/support/workspace.h"
#include "geometry/linear_shape.h"

namespace iabn::cuda {

// A product with the layer's weights [outputs, inputs] as its operand a: they are cast to the data's dtype
// where that is not float32, at every run or, where they stay the same, once.
class WeightedProduct : public Kernel {
 public:
  WeightedProduct(Context& context, const LinearShape& shape, const Product& product, bool constant)
      : context_(context), weights_{shape.outputs, shape.inputs, 1}, dtype_(product.operands) {
    if (!shape.empty()) matmul_ = std::make_unique<Matmul>(context, product);
    const bool cast = !weights_as_they_are(weights_, dtype_);
    const size_t bytes = cast ? static_cast<size_t>(weights_.elements()) * dtype_size(dtype_) : 0;
    layout_bytes_ = constant ? bytes : 0;
    weights_at_ = workspace_.add(constant ? 0 : bytes);
    matmul_at_ = workspace_.add(matmul_ ? matmul_->workspace_bytes() : 0);
    cast_ = cast;
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return layout_bytes_; }
  std::vector<size_t> laid_out_inputs() const override { return {1}; }
  std::string implementation() const override { return "cublaslt"; }

  void lay_out(const KernelArgs& args) override { cast_weights(args.in<float>(1), args.layout); }

 protected:
  // d = weights · b; nothing where the product is empty.
  void multiply(const KernelArgs& args, const void* b, void* d) const {
    if (!matmul_) return;
    const void* weights = args.inputs[1];
    if (layout_bytes_ > 0) {
      weights = args.layout;
    } else if (cast_) {
      void* to = Workspace::at(args.workspace, weights_at_);
      cast_weights(args.in<float>(1), to);
      weights = to;
    }
    matmul_->run(weights, b, d, Workspace::at(args.workspace, matmul_at_));
  }

  bool empty() const { return matmul_ == nullptr; }
  Context& context_;

 private:
  void cast_weights(const float* weight, void* to) const {
    with_data(dtype_, [&](auto type) {
      lay_out_weights(context_, weights_, weight, static_cast<typename decltype(type)::type*>(to));
    });
  }

  WeightShape weights_;
  DType dtype_;
  std::unique_ptr<Matmul> matmul_;
  Workspace workspace_;
  size_t layout_bytes_ = 0, weights_at_ = 0, matmul_at_ = 0;
  bool cast_ = false;
};

}  // namespace iabn::cuda
