// The ops conv2d, conv2d_backward_data and conv2d_backward_weights.
#include "cpu/convolution/convolution.h"
#include "cpu/onednn/convolution.h"

namespace iabn::onednn {

std::unique_ptr<Kernel> forward_kernel(const KernelSpec& spec, bool bias, const dnnl::primitive_attr& post) {
  const ConvShape shape = ConvShape::forward(spec);
  const auto desc = conv_forward(shape, spec.inputs[0].dtype, spec.outputs[0].dtype, bias, post);
  refuse_untimed_products(spec, desc.impl_info_str());
  std::vector<Operand> operands{{DNNL_ARG_SRC, {false, 0}, desc.src_desc()},
                                {DNNL_ARG_DST, {true, 0}, desc.dst_desc()}};
  if (bias) operands.push_back({DNNL_ARG_BIAS, {false, 2}, desc.bias_desc()});
  return std::make_unique<PrimitiveKernel>(
      desc.impl_info_str(), created<dnnl::convolution_forward>(desc), operands,
      Weights{DNNL_ARG_WEIGHTS, {false, 1}, conv_weights(shape), desc.weights_desc(), spec.constant(1)},
      desc.scratchpad_desc());
}

std::unique_ptr<Kernel> make_conv2d(const KernelSpec& spec) {
  return forward_kernel(spec, ConvolutionEnd::of(spec).bias);
}

std::unique_ptr<Kernel> make_conv2d_backward_data(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_data(spec);
  const auto desc = conv_backward_data(shape, spec.outputs[0].dtype, spec.inputs[0].dtype);
  refuse_untimed_products(spec, desc.impl_info_str());
  return std::make_unique<PrimitiveKernel>(
      desc.impl_info_str(), created<dnnl::convolution_backward_data>(desc),
      std::vector<Operand>{{DNNL_ARG_DIFF_DST, {false, 0}, desc.diff_dst_desc()},
                           {DNNL_ARG_DIFF_SRC, {true, 0}, desc.diff_src_desc()}},
      Weights{DNNL_ARG_WEIGHTS, {false, 1}, conv_weights(shape), desc.weights_desc()},
      desc.scratchpad_desc());
}

std::unique_ptr<Kernel> make_conv2d_backward_weights(const KernelSpec& spec) {
  refuse_untimed(spec);
  const ConvShape shape = ConvShape::backward_weights(spec);
  // oneDNN 2.6's strided 1×1 kernels gather the pixels first. With fewer channels than vector lanes, they
  // write up to several kilobytes past the scratchpad they requested (seen with AVX2, one thread).
  const bool gathers = shape.kh == 1 && shape.kw == 1 && (shape.sh > 1 || shape.sw > 1);
  if (gathers && shape.c < 16)
    throw Refused("oneDNN overruns its scratchpad here with fewer than 16 channels");
  const auto desc = conv_backward_weights(shape, spec.inputs[0].dtype, spec.inputs[1].dtype);
  return std::make_unique<PrimitiveKernel>(
      desc.impl_info_str(), created<dnnl::convolution_backward_weights>(desc),
      std::vector<Operand>{{DNNL_ARG_SRC, {false, 0}, desc.src_desc()},
                           {DNNL_ARG_DIFF_DST, {false, 1}, desc.diff_dst_desc()}},
      Weights{DNNL_ARG_DIFF_WEIGHTS, {true, 0}, conv_weights(shape), desc.diff_weights_desc()},
      desc.scratchpad_desc());
}

}  // namespace iabn::onednn
