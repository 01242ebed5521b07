#include "cpu/convolution/convolution.h"

#include "cpu/loops/closure.h"

namespace iabn {

ConvolutionEnd ConvolutionEnd::of(const KernelSpec& spec) {
  const auto has = [&](size_t input) { return spec.inputs.size() > input && spec.inputs[input].present(); };
  const bool fused = spec.op == "conv2d_fused";
  return {has(2), fused && has(3), fused ? parse_activation(spec.attrs) : Activation{}};
}

std::unique_ptr<Kernel> make_empty_product(const KernelSpec& spec) {
  const TensorDesc& y = spec.outputs[0];
  if (spec.inputs[0].elements() > 0 && spec.inputs[1].elements() > 0 && y.elements() > 0)
    throw Refused("these sums have products");
  const ConvolutionEnd end = ConvolutionEnd::of(spec);
  const int64_t count = y.elements(), channels = y.dims[1];
  return make_data_kernel(y.dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const float* const bias = end.bias ? args.in<float>(2) : nullptr;
    const T* const addend = end.addend ? args.in<T>(3) : nullptr;
    with_activation(end.activation, [&](auto phi) {
      for (int64_t i = 0; i < count; ++i) {
        const float sum = (bias ? bias[i % channels] : 0.0f) + (addend ? load(addend + i) : 0.0f);
        store(args.out<T>(0) + i, phi.forward(sum));
      }
    });
  });
}

}  // namespace iabn
