// dw[o,c,kh,kw] = Σ_{n,oy,ox} dy[n,o,oy,ox] · x[n, c, oy·sh − ph + kh·dh, ox·sw − pw + kw·dw], float32.
#include "cuda/libraries/cublaslt.h"
#include "cuda/support/convolution.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "cuda/support/weights.h"
#include "cuda/support/workspace.h"

namespace iabn::cuda {
namespace {

// For 16-bit dtypes, a 1×1 convolution is one matrix product over all pixels, summed and returned in float32.
std::unique_ptr<Kernel> make_matmul(const KernelSpec& spec, Context& context) {
  const ConvShape s = ConvShape::from(spec.attrs, spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  if (!s.pointwise() || s.empty()) throw Refused("only a 1×1 convolution is one matrix product");
  if (spec.inputs[0].dtype == DType::f32) throw Refused("the matrix product is for bfloat16 and float16");
  const Product product = {s.c, s.o, s.pixels(), false, true, spec.inputs[0].dtype, DType::f32};
  const auto matmul = std::make_shared<Matmul>(context, product);
  return make_kernel_of(
      [matmul](const KernelArgs& args) {
        matmul->run(args.inputs[0], args.inputs[1], args.outputs[0], args.workspace);
      },
      matmul->workspace_bytes());
}

class Conv2dBackwardWeights final : public Kernel {
 public:
  Conv2dBackwardWeights(Context& context, const ConvShape& shape, const KernelSpec& spec)
      : context_(context),
        dtype_(spec.inputs[0].dtype),
        weights_(weight_shape(shape)),
        bytes_(spec.outputs[0].bytes()) {
    if (!shape.empty()) {
      convolution_ =
          std::make_unique<Convolution>(context, shape, dtype_, Direction::backward_weights, spec.choice);
      choice = convolution_->choice();
    }
    as_they_are_ = weights_as_they_are(weights_, dtype_);
    gradient_at_ =
        workspace_.add(as_they_are_ ? 0 : static_cast<size_t>(weights_.elements()) * dtype_size(dtype_));
    scratch_at_ = workspace_.add(convolution_ ? convolution_->workspace_bytes() : 0);
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  std::string implementation() const override {
    return convolution_ ? convolution_->implementation() : "nothing to do";
  }

  void run(const KernelArgs& args) override {
    if (!convolution_) return clear_bytes(context_, args.outputs[0], bytes_);
    void* gradient = as_they_are_ ? args.outputs[0] : Workspace::at(args.workspace, gradient_at_);
    convolution_->backward_weights(args.inputs[0], args.inputs[1], gradient,
                                   Workspace::at(args.workspace, scratch_at_));
    if (as_they_are_) return;
    with_data(dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      restore_weights(context_, weights_, static_cast<const T*>(gradient), args.out<float>(0));
    });
  }

 private:
  Context& context_;
  DType dtype_;
  WeightShape weights_;
  size_t bytes_;
  std::unique_ptr<Convolution> convolution_;
  Workspace workspace_;
  size_t gradient_at_ = 0, scratch_at_ = 0;
  bool as_they_are_ = false;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  return std::make_unique<Conv2dBackwardWeights>(context, shape, spec);
}

const OpRegistration registration("conv2d_backward_weights", {make_matmul, make});

}  // namespace
}  // namespace iabn::cuda
