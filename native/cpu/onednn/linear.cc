// Matrix products for linear layers and 1×1 convolutions.
#include "cpu/onednn/primitive.h"

namespace iabn {

namespace onednn {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

memory::desc matrix(int64_t rows, int64_t columns, DType dtype, Tag tag) {
  return memory::desc({rows, columns}, data_type(dtype), tag);
}

// float32 weights are used in place; for bfloat16 they are cast, so any layout will do.
memory::desc preferred_weights(const memory::desc& own, DType activations) {
  if (activations != DType::bf16) return own;
  return memory::desc(dims_of(own), memory::data_type::bf16, Tag::any);
}

dnnl::matmul::primitive_desc product(const memory::desc& a, const memory::desc& b, const memory::desc& bias,
                                     const memory::desc& c) {
  return accepted("matrix product",
                  [&] { return describe<dnnl::matmul>(engine(), user_scratchpad(), a, b, bias, c); });
}

std::string name_of(const dnnl::matmul::primitive_desc& desc) {
  return std::string("matmul, ") + desc.impl_info_str();
}

void refuse_empty(const LinearShape& shape) {
  if (shape.empty()) throw Refused("oneDNN is not used for products of empty matrices");
}

}  // namespace

std::unique_ptr<Kernel> matmul_forward(const LinearShape& s, DType x, DType y, bool bias,
                                       bool constant_weights) {
  refuse_empty(s);
  const memory::desc own = matrix(s.inputs, s.outputs, DType::f32, Tag::ba);  // w seen as its transpose
  const memory::desc bias_desc = bias ? matrix(1, s.outputs, DType::f32, Tag::ab) : memory::desc();
  const auto desc = product(matrix(s.rows, s.inputs, x, Tag::ab), preferred_weights(own, x), bias_desc,
                            matrix(s.rows, s.outputs, y, Tag::ab));
  std::vector<Operand> operands{{DNNL_ARG_SRC, {false, 0}, desc.src_desc()},
                                {DNNL_ARG_DST, {true, 0}, desc.dst_desc()}};
  if (bias) operands.push_back({DNNL_ARG_BIAS, {false, 2}, desc.bias_desc()});
  const Weights weights{DNNL_ARG_WEIGHTS, {false, 1}, own, desc.weights_desc(), constant_weights};
  return std::make_unique<PrimitiveKernel>(name_of(desc), created<dnnl::matmul>(desc), operands, weights,
                                           desc.scratchpad_desc());
}

std::unique_ptr<Kernel> matmul_backward_data(const LinearShape& s, DType dy, DType dx) {
  refuse_empty(s);
  const memory::desc own = matrix(s.outputs, s.inputs, DType::f32, Tag::ab);
  const auto desc = product(matrix(s.rows, s.outputs, dy, Tag::ab), preferred_weights(own, dy),
                            memory::desc(), matrix(s.rows, s.inputs, dx, Tag::ab));
  return std::make_unique<PrimitiveKernel>(name_of(desc), created<dnnl::matmul>(desc),
                                           std::vector<Operand>{{DNNL_ARG_SRC, {false, 0}, desc.src_desc()},
                                                                {DNNL_ARG_DST, {true, 0}, desc.dst_desc()}},
                                           Weights{DNNL_ARG_WEIGHTS, {false, 1}, own, desc.weights_desc()},
                                           desc.scratchpad_desc());
}

std::unique_ptr<Kernel> matmul_backward_weights(const LinearShape& s, DType x, DType dy) {
  refuse_empty(s);
  // dw = dyᵀ·x: the weight gradient is the product, and x takes the place of the primitive's weights.
  const memory::desc gradient = matrix(s.outputs, s.inputs, DType::f32, Tag::ab);
  const auto desc = product(matrix(s.outputs, s.rows, dy, Tag::ba), matrix(s.rows, s.inputs, x, Tag::ab),
                            memory::desc(), gradient);
  return std::make_unique<PrimitiveKernel>(
      name_of(desc), created<dnnl::matmul>(desc),
      std::vector<Operand>{{DNNL_ARG_SRC, {false, 1}, desc.src_desc()},
                           {DNNL_ARG_WEIGHTS, {false, 0}, desc.weights_desc()}},
      Weights{DNNL_ARG_DST, {true, 0}, gradient, desc.dst_desc()}, desc.scratchpad_desc());
}

}  // namespace onednn
}  // namespace iabn
