#include "cpu/onednn/convolution.h"

namespace iabn::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = memory::format_tag;

memory::dims weight_dims(const ConvShape& s) {
  if (s.groups == 1) return {s.o, s.c, s.kh, s.kw};
  return {s.groups, s.group_outputs(), s.group_inputs(), s.kh, s.kw};
}

memory::desc any_weights(const ConvShape& s, memory::data_type type) {
  return memory::desc(weight_dims(s), type, Tag::any);
}

void refuse_empty(const ConvShape& s) {
  if (s.empty()) throw Refused("oneDNN is not used for convolutions of empty tensors");
}

// bfloat16 images use bfloat16 weights, cast when they are laid out.
memory::data_type weights_type(DType x, DType y) {
  return data_type(x == DType::bf16 || y == DType::bf16 ? DType::bf16 : DType::f32);
}

struct Window {
  memory::dims strides, dilates, padding;
  explicit Window(const ConvShape& s)
      : strides{s.sh, s.sw}, dilates{s.dh - 1, s.dw - 1}, padding{s.ph, s.pw} {}
};

memory::desc conv_x(const ConvShape& s, DType dtype) {
  return memory::desc({s.n, s.c, s.h, s.w}, data_type(dtype), Tag::nhwc);
}

memory::desc conv_y(const ConvShape& s, DType dtype) {
  return memory::desc({s.n, s.o, s.oh, s.ow}, data_type(dtype), Tag::nhwc);
}

}  // namespace

memory::desc conv_weights(const ConvShape& s) {
  return memory::desc(weight_dims(s), memory::data_type::f32, s.groups == 1 ? Tag::oihw : Tag::goihw);
}

dnnl::convolution_forward::primitive_desc conv_forward(const ConvShape& s, DType x, DType y, bool bias,
                                                       const dnnl::primitive_attr& post) {
  refuse_empty(s);
  refuse_emulated(x);
  return accepted("convolution", [&] {
    const Window window(s);
    const memory::desc weights = any_weights(s, weights_type(x, y));
    const memory::desc bias_desc =
        bias ? memory::desc({s.o}, memory::data_type::f32, Tag::a) : memory::desc();
    return describe<dnnl::convolution_forward>(
        engine(), post, dnnl::prop_kind::forward_training, algorithm::convolution_direct, conv_x(s, x),
        weights, bias_desc, conv_y(s, y), window.strides, window.dilates, window.padding, window.padding);
  });
}

dnnl::convolution_backward_data::primitive_desc conv_backward_data(const ConvShape& s, DType x, DType y) {
  const auto hint = conv_forward(s, x, y, false);
  return accepted("convolution backward by data", [&] {
    const Window window(s);
    return describe_backward<dnnl::convolution_backward_data>(
        engine(), user_scratchpad(), hint, algorithm::convolution_direct, conv_x(s, x),
        any_weights(s, weights_type(x, y)), conv_y(s, y), window.strides, window.dilates, window.padding,
        window.padding);
  });
}

dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(const ConvShape& s, DType x,
                                                                         DType y) {
  const auto hint = conv_forward(s, x, y, false);
  return accepted("convolution backward by weights", [&] {
    const Window window(s);
    return describe_backward<dnnl::convolution_backward_weights>(
        engine(), user_scratchpad(), hint, algorithm::convolution_direct, conv_x(s, x),
        any_weights(s, memory::data_type::f32), conv_y(s, y), window.strides, window.dilates, window.padding,
        window.padding);
  });
}

void refuse_untimed_products(const KernelSpec& spec, const std::string& implementation) {
  // Such as "x64:gemm:jit".
  if ((':' + implementation).find(":gemm") != std::string::npos) refuse_untimed(spec);
}

}  // namespace iabn::onednn
