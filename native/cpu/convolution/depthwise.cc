// Depthwise convolutions, forward and backward-data. Both sum source pixels over taps for every output pixel.
// With a stride, the rows and columns of dx fall into phases, each with its own taps. A line of outputs is
// split into runs with the same taps: the interior, and the two edges of the image.
#include "cpu/convolution/depthwise.h"

#include <algorithm>
#include <vector>

#include "cpu/convolution/depthwise_axis.h"
#include "cpu/convolution/depthwise_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn::depthwise {
namespace {

class DepthwiseConvolution final : public Kernel {
 public:
  DepthwiseConvolution(const ConvShape& shape, bool forward, DType dtype, bool bias, bool constant)
      : engine_(engine()),
        shape_(shape),
        dtype_(dtype),
        has_bias_(bias),
        constant_(constant),
        source_(forward ? Image{shape.h, shape.w} : Image{shape.oh, shape.ow}),
        target_(forward ? Image{shape.oh, shape.ow} : Image{shape.h, shape.w}),
        rows_(forward ? Axis::forward(shape.kh, shape.sh, shape.ph, shape.dh)
                      : by_rising_offset(Axis::backward(shape.kh, shape.sh, shape.ph, shape.dh))),
        columns_(forward ? Axis::forward(shape.kw, shape.sw, shape.pw, shape.dw)
                         : by_rising_offset(Axis::backward(shape.kw, shape.sw, shape.pw, shape.dw))),
        segments_(segments_of(columns_, source_.width, target_.width)),
        padded_(blocks_of(shape.c, engine_.block) * engine_.block) {}

  // The bias, then the weights unless they are kept: [phase][row tap][column tap][padded channels].
  size_t workspace_bytes() const override { return bytes(1 + (constant_ ? 0 : shape_.kh * shape_.kw)); }
  size_t layout_bytes() const override { return constant_ ? bytes(shape_.kh * shape_.kw) : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return constant_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override { return "depthwise:" + vector_name(engine_.lanes); }

  void lay_out(const KernelArgs& args) override {
    const float* w = args.in<float>(1);
    float* to = weights(args);
    const int64_t taps = shape_.kh * shape_.kw;
    for (const auto& phase : columns_.taps) {
      for (int64_t kh = 0; kh < shape_.kh; ++kh) {
        for (const AxisTap& tap : phase) {
          pack(to, [&](int64_t c) { return w[c * taps + kh * shape_.kw + tap.tap]; });
          to += padded_;
        }
      }
    }
  }

  void run(const KernelArgs& args) override {
    if (!constant_) lay_out(args);
    const float* bias = has_bias_ ? args.in<float>(2) : nullptr;
    pack(static_cast<float*>(args.workspace), [&](int64_t c) { return bias ? bias[c] : 0.0f; });
    const int64_t lines = shape_.n * target_.height;
    parallel_range(lines, target_.width * shape_.c, 1, [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        if (dtype_ == DType::f32)
          run_line<float>(args, line);
        else
          run_line<bf16>(args, line);
      }
    });
  }

 private:
  size_t bytes(int64_t vectors) const { return static_cast<size_t>(vectors * padded_) * sizeof(float); }
  float* weights(const KernelArgs& args) const {
    return constant_ ? static_cast<float*>(args.layout) : static_cast<float*>(args.workspace) + padded_;
  }

  template <class Value>
  void pack(float* to, const Value& value) const {
    const int64_t size = engine_.block;
    for (int64_t block = 0; block < padded_ / size; ++block) {
      const int64_t first = first_of(block, shape_.c, size);
      for (int64_t i = 0; i < size; ++i) to[block * size + i] = value(first + i);
    }
    if (dtype_ == DType::bf16) engine_.order_bf16(to, padded_);
  }

  template <class T>
  void run_line(const KernelArgs& args, int64_t line) const {
    const int64_t image = line / target_.height, row = line % target_.height;
    const auto& taps = rows_.taps[static_cast<size_t>(row % rows_.phases())];
    const T* x = args.in<T>(0) + image * source_.height * source_.width * shape_.c;
    T* out = args.out<T>(0) + line * target_.width * shape_.c;
    const float* phase_weights = weights(args);
    int64_t phase = 0;
    for (const Segment& segment : segments_) {
      for (; phase < segment.phase; ++phase) phase_weights += shape_.kh * columns(phase) * padded_;
      Run<T> run;
      run.bias = static_cast<const float*>(args.workspace);
      run.out = out + (segment.phase + segment.first * columns_.phases()) * shape_.c;
      run.rows = 0;
      run.count = segment.count;
      run.pixel = shape_.c, run.out_pixel = columns_.phases() * shape_.c;
      run.channels = shape_.c, run.w_channels = padded_;
      for (const AxisTap& tap : taps) {
        const int64_t y = row / rows_.phases() * rows_.step + tap.offset;
        if (y < 0 || y >= source_.height || segment.taps == 0) continue;
        const int64_t column = segment.first * columns_.step + offset(segment);
        run.x[run.rows] = x + (y * source_.width + column) * shape_.c;
        run.w[run.rows] = phase_weights + (tap.tap * columns(segment.phase) + segment.tap) * padded_;
        ++run.rows;
      }
      const int64_t taps_of_run = std::max<int64_t>(1, segment.taps);
      engine_.of<T>().run[columns_.step - 1][taps_of_run - 1](run);
    }
  }

  int64_t columns(int64_t phase) const {
    return static_cast<int64_t>(columns_.taps[static_cast<size_t>(phase)].size());
  }
  int64_t offset(const Segment& segment) const {
    return columns_.taps[static_cast<size_t>(segment.phase)][static_cast<size_t>(segment.tap)].offset;
  }

  const Engine& engine_;
  ConvShape shape_;
  DType dtype_;
  bool has_bias_, constant_;
  Image source_, target_;
  Axis rows_, columns_;
  std::vector<Segment> segments_;
  int64_t padded_;  // channels in whole blocks
};

}  // namespace

std::unique_ptr<Kernel> make_forward(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::forward(spec);
  check(shape);
  const bool bias = ConvolutionEnd::of(spec).bias;
  return std::make_unique<DepthwiseConvolution>(shape, true, spec.inputs[0].dtype, bias, spec.constant(1));
}

std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_data(spec);
  check(shape);
  return std::make_unique<DepthwiseConvolution>(shape, false, spec.inputs[0].dtype, false, spec.constant(1));
}

}  // namespace iabn::depthwise
