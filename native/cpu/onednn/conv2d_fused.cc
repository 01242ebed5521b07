// The op conv2d_fused: out = φ(x ∗ w + b + addend).
#include <cstring>

#include "cpu/convolution/convolution.h"
#include "cpu/loops/data.h"
#include "cpu/loops/parallel.h"
#include "cpu/onednn/convolution.h"

namespace iabn::onednn {
namespace {

// The sum includes the previous content of the output.
dnnl::primitive_attr post_ops(const Activation& activation, bool addend) {
  dnnl::post_ops ops;
  if (addend) ops.append_sum();
  switch (activation.kind) {
    case Activation::Kind::identity:
    case Activation::Kind::relu:  // oneDNN's makes 0 of a NaN: ours follows
      break;
    case Activation::Kind::leaky_relu:
      append_eltwise(ops, dnnl::algorithm::eltwise_relu, activation.slope);
      break;
    case Activation::Kind::elu:
      append_eltwise(ops, dnnl::algorithm::eltwise_elu, activation.slope);
      break;
  }
  dnnl::primitive_attr attr = user_scratchpad();
  attr.set_post_ops(ops);
  return attr;
}

template <class T>
IABN_INLINE void relu_elements(T* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) store(out + i, Relu{}.forward(load(out + i)));
}

IABN_SIMD void relu(float* out, int64_t count) { relu_elements(out, count); }
IABN_SIMD void relu(bf16* out, int64_t count) { relu_elements(out, count); }

class FusedConvolution : public Kernel {
 public:
  FusedConvolution(std::unique_ptr<Kernel> convolution, const TensorDesc& output, const ConvolutionEnd& end)
      : convolution_(std::move(convolution)),
        output_(output),
        addend_(end.addend),
        relu_(end.activation.kind == Activation::Kind::relu) {}

  size_t workspace_bytes() const override { return convolution_->workspace_bytes(); }
  size_t layout_bytes() const override { return convolution_->layout_bytes(); }
  std::vector<size_t> laid_out_inputs() const override { return convolution_->laid_out_inputs(); }
  std::string implementation() const override { return convolution_->implementation(); }
  void lay_out(const KernelArgs& args) override { convolution_->lay_out(args); }

  void run(const KernelArgs& args) override {
    if (addend_ && args.inputs[3] != args.outputs[0]) copy_addend(args);
    convolution_->run(args);
    if (relu_) with_data(output_.dtype, [&](auto type) { apply_relu(type, args); });
  }

 private:
  void copy_addend(const KernelArgs& args) const {
    const char* from = args.in<char>(3);
    char* to = args.out<char>(0);
    parallel_elements(static_cast<int64_t>(output_.bytes()), [=](int64_t begin, int64_t end) {
      std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin));
    });
  }

  template <class T>
  void apply_relu(DataType<T>, const KernelArgs& args) const {
    T* out = args.out<T>(0);
    parallel_elements(output_.elements(),
                      [=](int64_t begin, int64_t end) { relu(out + begin, end - begin); });
  }

  std::unique_ptr<Kernel> convolution_;
  TensorDesc output_;
  bool addend_;
  bool relu_;
};

}  // namespace

std::unique_ptr<Kernel> make_conv2d_fused(const KernelSpec& spec) {
  const ConvolutionEnd end = ConvolutionEnd::of(spec);
  auto convolution = forward_kernel(spec, end.bias, post_ops(end.activation, end.addend));
  return std::make_unique<FusedConvolution>(std::move(convolution), spec.outputs[0], end);
}

}  // namespace iabn::onednn
