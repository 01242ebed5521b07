// c = a·b for matrices of any strides: a panel of columns of b is packed for a block of rows of a, which is
// packed unless one of its axes is contiguous.
#include <algorithm>

#include "cpu/convolution/gemm.h"
#include "cpu/convolution/product_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"
#include "geometry/matmul_shape.h"

namespace iabn {
namespace gemm {
namespace {

constexpr int64_t kBlockRows = 112;
constexpr int64_t kBlockDepth = 1024;  // of a panel of b, which stays in the second-level cache

class GemmMatmul : public Kernel {
 public:
  explicit GemmMatmul(const MatmulShape& shape)
      : product_(product::engine(vector_lanes())),
        s_(shape),
        panel_(product_.columns()),
        blocks_(ceil_div(s_.m, kBlockRows)),
        panels_(ceil_div(s_.n, panel_)),
        depth_(std::min(s_.k, kBlockDepth)),
        threads_(most_threads()) {}

  size_t workspace_bytes() const override {
    return static_cast<size_t>(threads_ * thread_floats()) * sizeof(float);
  }
  std::string implementation() const override { return "gemm:" + vector_name(product_.lanes); }

  void run(const KernelArgs& args) override {
    const int64_t tasks = s_.results() * panels_ * blocks_;
    parallel_take(tasks > 1 ? threads_ : 1, tasks, [&](int64_t task, int thread) {
      float* const buffer = static_cast<float*>(args.workspace) + thread * thread_floats();
      run_task(args, task / (panels_ * blocks_), task / blocks_ % panels_ * panel_,
               task % blocks_ * kBlockRows, buffer);
    });
  }

 private:
  // A panel of b, and a block of sums.
  int64_t thread_floats() const { return (depth_ + std::min(s_.m, kBlockRows)) * panel_; }

  void run_task(const KernelArgs& args, int64_t result, int64_t column, int64_t row, float* buffer) const {
    const int64_t width = std::min(panel_, s_.n - column);
    product::Product p{};
    p.columns = width <= product_.lanes ? product_.lanes : panel_;
    p.rows = std::min(kBlockRows, s_.m - row);
    p.b = buffer;
    p.b_depth = p.out_row = p.columns;
    p.out = buffer + depth_ * panel_;
    p.a_row = s_.a.row, p.a_depth = s_.a.column;
    for (int64_t batch = result; batch < result + s_.terms(); ++batch) {
      const float* const a = args.in<float>(0) + batch * s_.a.batch + row * s_.a.row;
      const float* const b = args.in<float>(1) + batch * s_.b.batch + column * s_.b.column;
      for (int64_t first = 0; first < s_.k; first += depth_) {
        p.depth = std::min(depth_, s_.k - first);
        pack(b + first * s_.b.row, p.depth, width, p.columns, buffer);
        p.a = a + first * s_.a.column;
        product_.product(p);
        p.add = true;
      }
    }
    float* const c = args.out<float>(0) + result * s_.c.batch + row * s_.c.row + column * s_.c.column;
    for (int64_t i = 0; i < p.rows; ++i) {
      for (int64_t j = 0; j < width; ++j) c[i * s_.c.row + j * s_.c.column] = p.out[i * p.columns + j];
    }
  }

  // To [row][column], with zeros after the last column.
  void pack(const float* b, int64_t depth, int64_t width, int64_t columns, float* to) const {
    for (int64_t k = 0; k < depth; ++k, to += columns) {
      for (int64_t j = 0; j < width; ++j) to[j] = b[k * s_.b.row + j * s_.b.column];
      std::fill(to + width, to + columns, 0.0f);
    }
  }

  const product::Engine& product_;
  MatmulShape s_;
  int64_t panel_;  // columns
  int64_t blocks_, panels_, depth_;
  int threads_;
};

}  // namespace
}  // namespace gemm

std::unique_ptr<Kernel> make_gemm_matmul(const KernelSpec& spec) {
  const MatmulShape shape = MatmulShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  if (shape.empty()) throw Refused("there is nothing to multiply");
  if (spec.inputs[0].dtype == DType::bf16) throw Refused("these products are for float32");
  return std::make_unique<gemm::GemmMatmul>(shape);
}

}  // namespace iabn
