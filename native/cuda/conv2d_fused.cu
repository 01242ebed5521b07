// out = φ(w ⋆ x + b + addend); out may be written over the addend, which the convolution then adds to.
#include "cuda/support/convolved.h"
#include "cuda/support/epilogue.h"

namespace iabn::cuda {
namespace {

class Conv2dFused final : public ConvolvedByWeights {
 public:
  Conv2dFused(Context& context, const ConvShape& shape, const KernelSpec& spec)
      : ConvolvedByWeights(context, shape, spec.inputs[0].dtype, Direction::forward, spec.constant(1)),
        bytes_(spec.outputs[0].bytes()),
        rows_(row_map(context, {&spec.outputs[0]}, kMapBlocks)),
        activation_(parse_activation(spec.attrs)),
        biased_(spec.inputs.size() > 2 && spec.inputs[2].present()),
        added_(spec.inputs.size() > 3 && spec.inputs[3].present()) {}

  void run(const KernelArgs& args) override {
    void* out = args.outputs[0];
    if (added_) {
      copy_bytes(context_, out, args.inputs[3], bytes_);
    } else if (!convolution()) {
      clear_bytes(context_, out, bytes_);
    }
    if (convolution()) {
      convolution()->forward(args.inputs[0], weights(args), out, scratch(args), added_ ? 1.0f : 0.0f);
    }
    with_data(dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      finish_product(context_, rows_, args.out<T>(0), biased_ ? args.in<float>(2) : nullptr, activation_);
    });
  }

 private:
  size_t bytes_;
  RowMap rows_;
  Activation activation_;
  bool biased_, added_;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  return std::make_unique<Conv2dFused>(context, shape, spec);
}

const OpRegistration registration("conv2d_fused", {make});

}  // namespace
}  // namespace iabn::cuda
