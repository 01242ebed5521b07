// dw [output][input] = Σ dy [pixel][output] · x [pixel][input]: all threads widen a block of pixels, then
// each accumulates its panels of inputs. The summation order does not depend on the threads.
#include <algorithm>
#include <numeric>

#include "cpu/convolution/pointwise.h"
#include "cpu/convolution/product_engine.h"
#include "cpu/loops/data.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"
#include "program/workspace.h"

namespace iabn {
namespace pointwise {
namespace {

constexpr int64_t kBlockBytes = int64_t{2} << 20;
constexpr int64_t kFewestPixels = 64, kMostPixels = 2048;
constexpr int64_t kRows = 16;  // channels of dy: what any number of them is a multiple of

// Packs a pixel's channels into panels that are `stride` apart.
template <int Width>
IABN_INLINE void widen_panels(const bf16* from, int64_t channels, float* to, int64_t stride) {
  for (int64_t c = 0; c < channels; c += Width) {
    float* const panel = to + c / Width * stride;
    for (int l = 0; l < Width; ++l) panel[l] = load(from + c + l);
  }
}

IABN_SIMD void widen_leaf(const bf16* from, int64_t channels, int64_t width, float* to, int64_t stride) {
  if (width == 32) return widen_panels<32>(from, channels, to, stride);
  if (width == 16) return widen_panels<16>(from, channels, to, stride);
  widen_panels<8>(from, channels, to, stride);
}

class PointwiseWeights : public Kernel {
 public:
  explicit PointwiseWeights(const ConvShape& s)
      : product_(product::engine(vector_lanes())),
        x_{s.c, s.h, s.w, s.oh, s.ow, s.sh, s.sw},
        dy_{s.o, s.oh, s.ow, s.oh, s.ow, 1, 1},
        count_(s.pixels()),
        width_(std::gcd(s.c, product_.columns())) {
    const int64_t fit = kBlockBytes / ((s.c + s.o) * int64_t{sizeof(float)});
    block_ = ceil_div(count_, ceil_div(count_, std::clamp(fit, kFewestPixels, kMostPixels)));
    x_offset_ = workspace_.add(static_cast<size_t>(block_ * s.c) * sizeof(float));
    dy_offset_ = workspace_.add(static_cast<size_t>(block_ * s.o) * sizeof(float));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  std::string implementation() const override { return "pointwise:" + vector_name(product_.lanes); }

  void run(const KernelArgs& args) override {
    parallel(most_threads(), [&](Team& team) {
      for (int64_t first = 0; first < count_; first += block_) {
        const int64_t count = std::min(block_, count_ - first);
        widen_block(team, args, first, count);
        multiply(team, args, count, first > 0);
      }
    });
  }

 private:
  void widen_block(Team& team, const KernelArgs& args, int64_t first, int64_t count) const {
    float* const x = WorkspaceLayout::at<float>(args.workspace, x_offset_);
    float* const dy = WorkspaceLayout::at<float>(args.workspace, dy_offset_);
    team.divide(count, [&](int64_t i) {
      widen_leaf(args.in<bf16>(0) + x_.offset(first + i), x_.channels, width_, x + i * width_,
                 block_ * width_);
      widen_leaf(args.in<bf16>(1) + dy_.offset(first + i), dy_.channels, kRows, dy + i * kRows,
                 block_ * kRows);
    });
  }

  void multiply(Team& team, const KernelArgs& args, int64_t count, bool add) const {
    const float* const x = WorkspaceLayout::at<float>(args.workspace, x_offset_);
    const float* const dy = WorkspaceLayout::at<float>(args.workspace, dy_offset_);
    team.take(x_.channels / width_, [&](int64_t panel) {
      const int64_t input = panel * width_;
      product::Product p{};
      p.a_row = 1;
      p.a_depth = p.rows = kRows;
      p.b = x + input * block_;
      p.b_depth = p.columns = width_;
      p.out_row = x_.channels;
      p.depth = count;
      p.add = add;
      for (int64_t output = 0; output < dy_.channels; output += kRows) {
        p.a = dy + output * block_;
        p.out = args.out<float>(0) + output * x_.channels + input;
        product_.product(p);
      }
    });
  }

  const product::Engine& product_;
  Pixels x_, dy_;
  int64_t count_;  // of pixels
  int64_t width_;  // of a panel of x
  int64_t block_;  // pixels
  WorkspaceLayout workspace_;
  size_t x_offset_ = 0, dy_offset_ = 0;
};

}  // namespace
}  // namespace pointwise

std::unique_ptr<Kernel> make_pointwise_weights(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  pointwise::refuse_others(shape, spec.inputs[0].dtype, spec.inputs[1].dtype);
  return std::make_unique<pointwise::PointwiseWeights>(shape);
}

}  // namespace iabn
