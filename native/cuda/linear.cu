// y = x·wᵀ + b.   x [N,K], w f32 [O,K], b f32 [O] or absent, y [N,O].
#include "cuda/support/epilogue.h"
#include "cuda/support/linear.h"

namespace iabn::cuda {
namespace {

class Linear final : public WeightedProduct {
 public:
  // Column-major, as the library has it: yᵀ [O,N] = w [O,K] · xᵀ [K,N].
  Linear(Context& context, const LinearShape& s, const KernelSpec& spec)
      : WeightedProduct(
            context, s,
            {s.outputs, s.rows, s.inputs, true, false, spec.inputs[0].dtype, spec.outputs[0].dtype},
            spec.constant(1)),
        dtype_(spec.outputs[0].dtype),
        bytes_(spec.outputs[0].bytes()),
        rows_(row_map(context, {&spec.outputs[0]}, kMapBlocks)),
        biased_(spec.inputs.size() > 2 && spec.inputs[2].present()) {}

  void run(const KernelArgs& args) override {
    if (empty()) clear_bytes(context_, args.outputs[0], bytes_);
    multiply(args, args.inputs[0], args.outputs[0]);
    if (!biased_) return;
    with_data(dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      finish_product(context_, rows_, args.out<T>(0), args.in<float>(2), Activation{});
    });
  }

 private:
  DType dtype_;
  size_t bytes_;
  RowMap rows_;
  bool biased_;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const LinearShape shape = LinearShape::from(spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  return std::make_unique<Linear>(context, shape, spec);
}

const OpRegistration registration("linear", {make});

}  // namespace
}  // namespace iabn::cuda
