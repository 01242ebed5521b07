// What the kernels of a convolution's three directions share: weights in the library's form, cast and laid
// out at every run or, where they stay the same, once.
#pragma once

#include "cuda/support/convolution.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "cuda/support/weights.h"
#include "cuda/support/workspace.h"

namespace iabn::cuda {

class ConvolvedByWeights : public Kernel {
 public:
  // `constant`: the weights, input 1.
  ConvolvedByWeights(Context& context, const ConvShape& shape, DType dtype, Direction direction,
                     bool constant)
      : context_(context), dtype_(dtype), weights_(weight_shape(shape)) {
    if (!shape.empty()) convolution_ = std::make_unique<Convolution>(context, shape, dtype, direction);
    as_they_are_ = weights_as_they_are(weights_, dtype);
    const size_t bytes = as_they_are_ ? 0 : static_cast<size_t>(weights_.elements()) * dtype_size(dtype);
    layout_bytes_ = constant ? bytes : 0;
    weights_at_ = workspace_.add(constant ? 0 : bytes);
    scratch_at_ = workspace_.add(convolution_ ? convolution_->workspace_bytes() : 0);
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return layout_bytes_; }
  std::vector<size_t> laid_out_inputs() const override { return {1}; }
  std::string implementation() const override {
    return convolution_ ? convolution_->implementation() : "nothing to do";
  }
  void lay_out(const KernelArgs& args) override { lay_out_into(args.in<float>(1), args.layout); }

 protected:
  const Convolution* convolution() const { return convolution_.get(); }
  void* scratch(const KernelArgs& args) const { return Workspace::at(args.workspace, scratch_at_); }

  // In the library's form.
  const void* weights(const KernelArgs& args) const {
    if (layout_bytes_ > 0) return args.layout;
    if (as_they_are_) return args.inputs[1];
    void* to = Workspace::at(args.workspace, weights_at_);
    lay_out_into(args.in<float>(1), to);
    return to;
  }

  Context& context_;
  DType dtype_;

 private:
  void lay_out_into(const float* weight, void* to) const {
    with_data(dtype_, [&](auto type) {
      lay_out_weights(context_, weights_, weight, static_cast<typename decltype(type)::type*>(to));
    });
  }

  WeightShape weights_;
  std::unique_ptr<Convolution> convolution_;
  Workspace workspace_;
  size_t layout_bytes_ = 0, weights_at_ = 0, scratch_at_ = 0;
  bool as_they_are_ = false;
};

}  // namespace iabn::cuda
