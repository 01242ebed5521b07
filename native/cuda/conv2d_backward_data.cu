// dx of a convolution: every product y += x·w gives dx += dy·w.
#include "cuda/support/convolved.h"

namespace iabn::cuda {
namespace {

class Conv2dBackwardData final : public ConvolvedByWeights {
 public:
  Conv2dBackwardData(Context& context, const ConvShape& shape, const KernelSpec& spec)
      : ConvolvedByWeights(context, shape, spec.inputs[0].dtype, Direction::backward_data, spec.constant(1)),
        bytes_(spec.outputs[0].bytes()) {}

  void run(const KernelArgs& args) override {
    if (!convolution()) return clear_bytes(context_, args.outputs[0], bytes_);
    convolution()->backward_data(args.inputs[0], weights(args), args.outputs[0], scratch(args));
  }

 private:
  size_t bytes_;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  return std::make_unique<Conv2dBackwardData>(context, shape, spec);
}

const OpRegistration registration("conv2d_backward_data", {make});

}  // namespace
}  // namespace iabn::cuda
