// out = φ(x ∗ w + b + addend).   Operands like conv2d's; b and addend [N,O,OH,OW] may be absent; out may
// overwrite the addend.
#include <cstring>

#include "cpu/autotune/fastest.h"
#include "cpu/convolution/convolution.h"
#include "cpu/convolution/float_images.h"
#include "cpu/convolution/grouped.h"
#include "cpu/convolution/winograd.h"
#include "cpu/loops/data.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/plain.h"
#include "cpu/onednn/through_float.h"
#include "cpu/ops/activation.h"

namespace iabn {
namespace {

ConvShape shape_of(const KernelSpec& spec) {
  return ConvShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
}

bool has(const KernelSpec& spec, size_t input) {
  return spec.inputs.size() > input && spec.inputs[input].present();
}

ConvolutionEnd end_of(const KernelSpec& spec) {
  return {has(spec, 2), has(spec, 3), parse_activation(spec.attrs)};
}

// The sum includes the previous content of the output.
dnnl::primitive_attr post_ops(const Activation& activation, bool addend) {
  dnnl::post_ops ops;
  if (addend) ops.append_sum();
  switch (activation.kind) {
    case Activation::Kind::identity:
    case Activation::Kind::relu:  // oneDNN's makes 0 of a NaN: ours follows
      break;
    case Activation::Kind::leaky_relu:
      onednn::append_eltwise(ops, dnnl::algorithm::eltwise_relu, activation.slope);
      break;
    case Activation::Kind::elu:
      onednn::append_eltwise(ops, dnnl::algorithm::eltwise_elu, activation.slope);
      break;
  }
  dnnl::primitive_attr attr = onednn::user_scratchpad();
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

std::unique_ptr<Kernel> make_onednn(const KernelSpec& spec) {
  const ConvShape shape = shape_of(spec);
  const ConvolutionEnd end = end_of(spec);
  const auto post = post_ops(end.activation, end.addend);
  const auto desc =
      onednn::conv_forward(shape, spec.inputs[0].dtype, spec.outputs[0].dtype, has(spec, 2), post);
  std::vector<onednn::Operand> operands{{DNNL_ARG_SRC, {false, 0}, desc.src_desc()},
                                        {DNNL_ARG_DST, {true, 0}, desc.dst_desc()}};
  if (has(spec, 2)) operands.push_back({DNNL_ARG_BIAS, {false, 2}, desc.bias_desc()});
  auto convolution = std::make_unique<onednn::PrimitiveKernel>(
      desc.impl_info_str(), dnnl::convolution_forward(desc), operands,
      onednn::Weights{
          DNNL_ARG_WEIGHTS, {false, 1}, onednn::conv_weights(shape), desc.weights_desc(), spec.constant(1)},
      desc.scratchpad_desc());
  return std::make_unique<FusedConvolution>(std::move(convolution), spec.outputs[0], end);
}

void run_plain(const KernelSpec& spec, const KernelArgs& args) {
  const ConvShape s = shape_of(spec);
  const float* bias = has(spec, 2) ? args.in<float>(2) : nullptr;
  const float* addend = has(spec, 3) ? args.in<float>(3) : nullptr;
  with_activation(parse_activation(spec.attrs), [&](auto phi) {
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < s.n * s.oh; ++line) {
      for (int64_t i = 0; i < s.ow * s.o; ++i) {
        const int64_t o = i % s.o, at = line * s.ow * s.o + i;
        const float sum =
            conv_sum(s, args.in<float>(0), args.in<float>(1), line / s.oh, o, line % s.oh, i / s.o);
        args.out<float>(0)[at] = phi.forward(sum + (bias ? bias[o] : 0.0f) + (addend ? addend[at] : 0.0f));
      }
    }
  });
}

std::unique_ptr<Kernel> make_minimal(const KernelSpec& spec) {
  return make_winograd(spec, shape_of(spec), end_of(spec));
}

std::unique_ptr<Kernel> make_tiled(const KernelSpec& spec) {
  return make_tiled_convolution(spec, shape_of(spec), end_of(spec));
}

constexpr auto make_plain = make_plain_float<run_plain>;

const ImageOperands images{{0, 3}, {0}};

KernelSpec sample(const KernelSpec& spec) { return some_images(spec, images); }

OpRegistration registration("conv2d_fused",
                            {grouped::make_fused,
                             fastest({{"onednn", make_onednn},
                                      {"tiled", make_tiled},
                                      widening("float32 images",
                                               float_images(images, {make_tiled, make_onednn, make_plain})),
                                      {"winograd", make_minimal}},
                                     sample),
                             make_plain, through_float({make_plain})});

}  // namespace
}  // namespace iabn
