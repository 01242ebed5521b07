// y [pixel][output] = x [pixel][input] · w: a block of pixels at a time, with all panels of outputs.
#include "cpu/convolution/pointwise.h"

#include <algorithm>

#include "cpu/convolution/product_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/simd/vector_lanes.h"
#include "program/workspace.h"

namespace iabn {
namespace pointwise {
namespace {

constexpr int64_t kBlockBytes = int64_t{512} << 10;  // of a thread's pixels
constexpr int64_t kFewestPixels = 28, kMostPixels = 112;
constexpr int64_t kPackTask = 64;  // inputs whose weights are packed together

// Weights in OIHW order; for the input gradient, outputs and inputs are swapped.
struct Matrix {
  int64_t inputs, outputs;
  int64_t input_step, output_step;  // floats
};

// Widens `count` pixels, starting at output `first`.
void widen_pixels(const bf16* images, const Pixels& pixels, int64_t first, int64_t count, float* to) {
  const int64_t channels = pixels.channels;
  if (pixels.dense()) return widen(images + first * channels, to, count * channels);
  for (int64_t i = 0; i < count; ++i) widen(images + pixels.offset(first + i), to + i * channels, channels);
}

class Pointwise : public Kernel {
 public:
  Pointwise(const Pixels& pixels, int64_t count, const Matrix& matrix, bool constant_weights)
      : product_(product::engine(vector_lanes())),
        pixels_(pixels),
        count_(count),
        m_(matrix),
        kept_(constant_weights),
        panel_(product_.columns()) {
    const int64_t fit = kBlockBytes / (m_.inputs * int64_t{sizeof(float)});
    threads_ = most_threads();
    const int64_t least = ceil_div(count_, std::clamp(fit, kFewestPixels, kMostPixels));
    block_ = ceil_div(count_, ceil_div(least, threads_) * threads_);
    if (!kept_) weights_offset_ = workspace_.add(weights_bytes());
    thread_elements_ = block_ * (m_.inputs + panel_);
    buffers_offset_ = workspace_.add(static_cast<size_t>(thread_elements_ * threads_) * sizeof(float));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return kept_ ? weights_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return kept_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override { return "pointwise:" + vector_name(product_.lanes); }

  void lay_out(const KernelArgs& args) override {
    parallel(threads_, [&](Team& team) { pack(team, args.in<float>(1), static_cast<float*>(args.layout)); });
  }

  void run(const KernelArgs& args) override {
    const int64_t blocks = ceil_div(count_, block_);
    float* const weights = kept_ ? static_cast<float*>(args.layout)
                                 : WorkspaceLayout::at<float>(args.workspace, weights_offset_);
    parallel(threads_, [&](Team& team) {
      float* const buffers =
          WorkspaceLayout::at<float>(args.workspace, buffers_offset_) + team.thread() * thread_elements_;
      if (!kept_) pack(team, args.in<float>(1), weights);
      team.take(blocks, [&](int64_t block) { run_block(args, weights, block, buffers); });
    });
  }

 private:
  size_t weights_bytes() const { return static_cast<size_t>(m_.inputs * m_.outputs) * sizeof(float); }

  // To [panel of outputs][input][output].
  void pack(Team& team, const float* w, float* packed) const {
    const int64_t panels = ceil_div(m_.outputs, panel_), parts = ceil_div(m_.inputs, kPackTask);
    team.divide(panels * parts, [&](int64_t task) {
      const int64_t output = task / parts * panel_, begin = task % parts * kPackTask;
      const int64_t width = std::min(panel_, m_.outputs - output),
                    end = std::min(begin + kPackTask, m_.inputs);
      float* const to = packed + output * m_.inputs;
      for (int64_t o = 0; o < width; ++o) {
        const float* const from = w + (output + o) * m_.output_step;
        for (int64_t i = begin; i < end; ++i) to[i * width + o] = from[i * m_.input_step];
      }
    });
  }

  void run_block(const KernelArgs& args, const float* weights, int64_t block, float* buffers) const {
    const int64_t first = block * block_, count = std::min(block_, count_ - first);
    widen_pixels(args.in<bf16>(0), pixels_, first, count, buffers);
    product::Product p{};
    p.a = buffers;
    p.a_row = p.depth = m_.inputs;
    p.a_depth = 1;
    p.out = buffers + block_ * m_.inputs;
    p.rows = count;
    for (int64_t output = 0; output < m_.outputs; output += panel_) {
      p.columns = p.b_depth = p.out_row = std::min(panel_, m_.outputs - output);
      p.b = weights + output * m_.inputs;
      product_.product(p);
      bf16* const y = args.out<bf16>(0) + first * m_.outputs + output;
      for (int64_t i = 0; i < count; ++i) narrow(p.out + i * p.columns, y + i * m_.outputs, p.columns);
    }
  }

  const product::Engine& product_;
  Pixels pixels_;
  int64_t count_;  // of pixels
  Matrix m_;
  bool kept_;
  int64_t panel_;  // outputs whose weights lie together
  int64_t block_;  // pixels
  int threads_;
  int64_t thread_elements_;
  WorkspaceLayout workspace_;
  size_t weights_offset_ = 0, buffers_offset_ = 0;
};

}  // namespace

void refuse_others(const ConvShape& s, DType x, DType y) {
  if (x != DType::bf16 || y != DType::bf16) throw Refused("these products are for bfloat16 images");
  if (s.kh * s.kw != 1 || s.ph + s.pw != 0 || s.groups != 1) {
    throw Refused("these products are for 1×1 windows without padding and groups");
  }
  if (s.empty() || s.c % 16 != 0 || s.o % 16 != 0) {
    throw Refused("these products require channels that are multiples of 16");
  }
}

}  // namespace pointwise

std::unique_ptr<Kernel> make_pointwise(const KernelSpec& spec) {
  const ConvShape s = ConvShape::forward(spec);
  pointwise::refuse_others(s, spec.inputs[0].dtype, spec.outputs[0].dtype);
  if (ConvolutionEnd::of(spec).bias) throw Refused("these products have no bias");
  const pointwise::Pixels pixels{s.c, s.h, s.w, s.oh, s.ow, s.sh, s.sw};
  return std::make_unique<pointwise::Pointwise>(pixels, s.pixels(), pointwise::Matrix{s.c, s.o, 1, s.c},
                                                spec.constant(1));
}

std::unique_ptr<Kernel> make_pointwise_data(const KernelSpec& spec) {
  const ConvShape s = ConvShape::backward_data(spec);
  pointwise::refuse_others(s, spec.inputs[0].dtype, spec.outputs[0].dtype);
  if (s.sh * s.sw != 1) throw Refused("the gradient of a strided input is not a matrix product");
  const pointwise::Pixels pixels{s.o, s.oh, s.ow, s.oh, s.ow, 1, 1};
  return std::make_unique<pointwise::Pointwise>(pixels, s.pixels(), pointwise::Matrix{s.o, s.c, s.c, 1},
                                                false);
}

}  // namespace iabn
