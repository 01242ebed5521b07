// The op matmul: matrices or batches of matrices (geometry/matmul_shape.h).
#include <algorithm>

#include "cpu/onednn/primitive.h"
#include "geometry/matmul_shape.h"

namespace iabn::onednn {
namespace {

using dnnl::memory;

// oneDNN writes row-major; if c is column-major, compute its transpose bᵀ·aᵀ.
class OnednnMatmul final : public Kernel {
 public:
  OnednnMatmul(const MatmulShape& shape, DType dtype)
      : shape_(shape), element_(dtype_size(dtype)), swapped_(shape.c.column != 1) {
    // One run for the whole batch, or one per batch if b is shared or the products are summed.
    runs_ = shape.sum || shape.b.batch == 0 ? shape.batches : 1;
    const int64_t batches = shape.batches / runs_;
    const MatrixStrides a = swapped_ ? flipped(shape.b) : shape.a, b = swapped_ ? flipped(shape.a) : shape.b;
    const MatrixStrides c = swapped_ ? flipped(shape.c) : shape.c;
    const int64_t m = swapped_ ? shape.n : shape.m, n = swapped_ ? shape.m : shape.n;
    const memory::desc src = matrices(batches, m, shape.k, a, dtype);
    const memory::desc weights = matrices(batches, shape.k, n, b, dtype);
    const memory::desc dst = matrices(batches, m, n, c, dtype);
    first_ = make(src, weights, dst, false);
    if (shape.terms() > 1) next_ = make(src, weights, dst, true);
  }

  size_t workspace_bytes() const override {
    return std::max(first_->scratchpad_bytes(), next_ ? next_->scratchpad_bytes() : 0);
  }
  std::string implementation() const override { return "matmul, " + name_; }

  void run(const KernelArgs& args) override {
    for (int64_t i = 0; i < runs_; ++i) {
      Primitive& primitive = i > 0 && next_ ? *next_ : *first_;
      char* a = static_cast<char*>(args.inputs[0]) + offset(i, shape_.a);
      char* b = static_cast<char*>(args.inputs[1]) + offset(i, shape_.b);
      primitive.bind(DNNL_ARG_SRC, swapped_ ? b : a);
      primitive.bind(DNNL_ARG_WEIGHTS, swapped_ ? a : b);
      primitive.bind(DNNL_ARG_DST, static_cast<char*>(args.outputs[0]) + offset(i, shape_.c));
      primitive.run(args.workspace);
    }
  }

 private:
  static MatrixStrides flipped(const MatrixStrides& s) { return {s.batch, s.column, s.row}; }

  size_t offset(int64_t batch, const MatrixStrides& strides) const {
    return static_cast<size_t>(batch * strides.batch) * element_;
  }

  static memory::desc matrices(int64_t batches, int64_t rows, int64_t columns, const MatrixStrides& s,
                               DType dtype) {
    const int64_t batch = s.batch == 0 ? rows * columns : s.batch;
    // oneDNN also validates the stride of axes with one element.
    const int64_t row = rows == 1 ? columns : s.row;
    const int64_t column = columns == 1 && row == 1 ? rows : s.column;
    return memory::desc({batches, rows, columns}, data_type(dtype), {batch, row, column});
  }

  std::unique_ptr<Primitive> make(const memory::desc& src, const memory::desc& weights,
                                  const memory::desc& dst, bool adding) {
    dnnl::primitive_attr attributes = user_scratchpad();
    if (adding) {
      dnnl::post_ops post;
      post.append_sum(1.0f);
      attributes.set_post_ops(post);
    }
    return refusing("matrix product", [&] {
      const auto desc = describe<dnnl::matmul>(engine(), attributes, src, weights, dst);
      refuse_reference(desc.impl_info_str());
      name_ = desc.impl_info_str();
      const Primitive::Operands operands{
          {DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, dst}};
      return std::make_unique<Primitive>(dnnl::matmul(desc), operands, desc.scratchpad_desc());
    });
  }

  MatmulShape shape_;
  size_t element_;
  bool swapped_;
  int64_t runs_ = 1;
  std::string name_;
  std::unique_ptr<Primitive> first_, next_;
};

}  // namespace

std::unique_ptr<Kernel> make_matmul(const KernelSpec& spec) {
  refuse_untimed(spec);
  const MatmulShape shape = MatmulShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  if (shape.empty()) throw Refused("oneDNN is not used for products of empty matrices");
  const DType dtype = spec.inputs[0].dtype;
  refuse_emulated(dtype);
  if (dtype == DType::bf16 && shape.terms() > 1) throw Refused("a sum over batches is taken in float32");
  return std::make_unique<OnednnMatmul>(shape, dtype);
}

}  // namespace iabn::onednn
