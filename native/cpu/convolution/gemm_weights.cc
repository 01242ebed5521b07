// dw [target][tap, source] = Σ dy [pixel][target] · gathered rows [pixel][tap, source]: all threads pack a
// block of pixels, then each accumulates its panels of columns. The summation order does not depend on the
// threads.
#include <algorithm>
#include <cstring>

#include "cpu/convolution/gathered_rows.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/product_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn {
namespace gemm {
namespace {

constexpr int64_t kBlockBytes = int64_t{2} << 20;
constexpr int64_t kFewestPixels = 64, kMostPixels = 2048;
constexpr int64_t kMostRows = 28;  // targets whose dy is packed together

class GemmWeights : public Kernel {
 public:
  GemmWeights(const ConvShape& s, DType x, DType dy)
      : product_(product::engine(vector_lanes())),
        s_(s),
        rows_(GatheredRows::forward(s)),
        x_(x),
        dy_(dy),
        panel_(product_.columns()),
        depth_(rows_.depth(phase())),
        padded_(ceil_div(depth_, product_.lanes) * product_.lanes),
        pixels_(rows_.pixels(phase())),
        strip_(ceil_div(s.group_outputs(), ceil_div(s.group_outputs(), kMostRows))),
        threads_(std::max(1, omp_get_max_threads())) {
    const int64_t fit = kBlockBytes / ((padded_ + s.group_outputs()) * int64_t{sizeof(float)});
    block_ = ceil_div(pixels_, ceil_div(pixels_, std::clamp(fit, kFewestPixels, kMostPixels)));
    columns_offset_ = add(block_ * padded_);
    targets_offset_ = add(block_ * strips() * strip_);
    sums_offset_ = add(s.group_outputs() * padded_);
    row_ = std::max(padded_, s.group_outputs());
    buffers_offset_ = add(threads_ * row_);
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  std::string implementation() const override { return "gemm:" + vector_name(product_.lanes); }

  void run(const KernelArgs& args) override {
#pragma omp parallel num_threads(threads_)
    for (int64_t group = 0; group < s_.groups; ++group) {
      for (int64_t first = 0; first < pixels_; first += block_) {
        const int64_t count = std::min(block_, pixels_ - first);
        pack(args, group, first, count);
        multiply(args, count, first > 0);
      }
      unpack(args, group);
    }
  }

 private:
  size_t add(int64_t floats) { return workspace_.add(static_cast<size_t>(floats) * sizeof(float)); }
  static float* at(const KernelArgs& args, size_t offset) {
    return WorkspaceLayout::at<float>(args.workspace, offset);
  }

  const Phase& phase() const { return rows_.phases()[0]; }
  int64_t strips() const { return ceil_div(s_.group_outputs(), strip_); }

  // To [panel of columns][pixel][column] and [strip of targets][pixel][target].
  void pack(const KernelArgs& args, int64_t group, int64_t first, int64_t count) const {
    float* const row = at(args, buffers_offset_) + omp_get_thread_num() * row_;
#pragma omp for schedule(static)
    for (int64_t i = 0; i < count; ++i) {
      with_data(x_, [&](auto type) {
        using T = typename decltype(type)::type;
        rows_.gather(args.in<T>(0), group, phase(), first + i, 1, row, 0);
      });
      std::fill(row + depth_, row + padded_, 0.0f);
      float* const columns = at(args, columns_offset_);
      for (int64_t c = 0; c < padded_; c += panel_) {
        const int64_t width = std::min(panel_, padded_ - c);
        std::memcpy(columns + c * block_ + i * width, row + c, static_cast<size_t>(width) * sizeof(float));
      }
      const float* const dy = target_row(args, (first + i) * s_.o + group * s_.group_outputs(), row);
      float* const targets = at(args, targets_offset_);
      for (int64_t o = 0; o < s_.group_outputs(); o += strip_) {
        std::copy_n(dy + o, std::min(strip_, s_.group_outputs() - o), targets + o * block_ + i * strip_);
      }
    }
  }

  const float* target_row(const KernelArgs& args, int64_t first, float* row) const {
    if (dy_ == DType::f32) return args.in<float>(1) + first;
    widen(args.in<bf16>(1) + first, row, s_.group_outputs());
    return row;
  }

  void multiply(const KernelArgs& args, int64_t count, bool add) const {
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < padded_; c += panel_) {
      product::Product p{};
      p.a_row = 1;
      p.a_depth = strip_;
      p.b = at(args, columns_offset_) + c * block_;
      p.b_depth = p.columns = std::min(panel_, padded_ - c);
      p.out_row = padded_;
      p.depth = count;
      p.add = add;
      for (int64_t o = 0; o < s_.group_outputs(); o += strip_) {
        p.a = at(args, targets_offset_) + o * block_;
        p.rows = std::min(strip_, s_.group_outputs() - o);
        p.out = at(args, sums_offset_) + o * padded_ + c;
        product_.product(p);
      }
    }
  }

  // Sums [target][tap][source] → OIHW.
  void unpack(const KernelArgs& args, int64_t group) const {
    const int64_t area = s_.kh * s_.kw, sources = s_.group_inputs();
#pragma omp for schedule(static)
    for (int64_t o = 0; o < s_.group_outputs(); ++o) {
      const float* from = at(args, sums_offset_) + o * padded_;
      float* const to = args.out<float>(0) + (group * s_.group_outputs() + o) * sources * area;
      for (const AxisTap& row : phase().rows) {
        for (const AxisTap& column : phase().columns) {
          float* const tap = to + row.tap * s_.kw + column.tap;
          for (int64_t source = 0; source < sources; ++source) tap[source * area] = *from++;
        }
      }
    }
  }

  const product::Engine& product_;
  ConvShape s_;
  GatheredRows rows_;
  DType x_, dy_;
  int64_t panel_;           // columns that lie together: two vectors
  int64_t depth_, padded_;  // columns, and in whole vectors
  int64_t pixels_;
  int64_t strip_;  // targets
  int threads_;
  int64_t block_ = 0, row_ = 0;  // pixels; floats of a thread's row
  WorkspaceLayout workspace_;
  size_t columns_offset_ = 0, targets_offset_ = 0, sums_offset_ = 0, buffers_offset_ = 0;
};

}  // namespace
}  // namespace gemm

std::unique_ptr<Kernel> make_gemm_weights(const KernelSpec& spec, const ConvShape& shape) {
  gemm::refuse_unless_needed(spec, shape.empty());
  return std::make_unique<gemm::GemmWeights>(shape, spec.inputs[0].dtype, spec.inputs[1].dtype);
}

}  // namespace iabn
