// dx = dy·w.   dy [N,O], w f32 [O,K], dx [N,K].
#include "cuda/support/linear.h"

namespace iabn::cuda {
namespace {

class LinearBackwardData final : public WeightedProduct {
 public:
  // Column-major, as the library has it: dxᵀ [K,N] = wᵀ [K,O] · dyᵀ [O,N].
  LinearBackwardData(Context& context, const LinearShape& s, const KernelSpec& spec)
      : WeightedProduct(
            context, s,
            {s.inputs, s.rows, s.outputs, false, false, spec.inputs[0].dtype, spec.outputs[0].dtype},
            spec.constant(1)),
        bytes_(spec.outputs[0].bytes()) {}

  void run(const KernelArgs& args) override {
    if (empty()) clear_bytes(context_, args.outputs[0], bytes_);
    multiply(args, args.inputs[0], args.outputs[0]);
  }

 private:
  size_t bytes_;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const LinearShape shape = LinearShape::from(spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  return std::make_unique<LinearBackwardData>(context, shape, spec);
}

const OpRegistration registration("linear_backward_data", {make});

}  // namespace
}  // namespace iabn::cuda
