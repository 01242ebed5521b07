// y = w ⋆ x + b.
#include "cuda/support/convolved.h"
#include "cuda/support/epilogue.h"

namespace iabn::cuda {
namespace {

class Conv2d final : public ConvolvedByWeights {
 public:
  Conv2d(Context& context, const ConvShape& shape, const KernelSpec& spec)
      : ConvolvedByWeights(context, shape, spec.inputs[0].dtype, Direction::forward, spec.constant(1)),
        bytes_(spec.outputs[0].bytes()),
        rows_(row_map(context, {&spec.outputs[0]}, kMapBlocks)),
        biased_(spec.inputs.size() > 2 && spec.inputs[2].present()) {}

  void run(const KernelArgs& args) override {
    if (convolution()) {
      convolution()->forward(args.inputs[0], weights(args), args.outputs[0], scratch(args), 0.0f);
    } else {
      clear_bytes(context_, args.outputs[0], bytes_);
    }
    with_data(dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      finish_product(context_, rows_, args.out<T>(0), biased_ ? args.in<float>(2) : nullptr, Activation{});
    });
  }

 private:
  size_t bytes_;
  RowMap rows_;
  bool biased_;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ConvShape shape = ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  return std::make_unique<Conv2d>(context, shape, spec);
}

const OpRegistration registration("conv2d", {make});

}  // namespace
}  // namespace iabn::cuda
