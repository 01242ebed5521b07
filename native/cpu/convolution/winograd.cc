// Processes a block of tiles at a time: inputs are transformed to 36 matrices [tile][input], each is
// multiplied by the weights of its point, [input][output], and the products are transformed to outputs. If
// the transformed weights are large, outputs are processed in groups and the inputs are transformed again for
// each group, to keep the workspace small compared with a training step's activations. Results do not depend
// on which thread computes a block, or on the size of the blocks.
#include "cpu/convolution/winograd.h"

#include <algorithm>

#include "cpu/convolution/product_engine.h"
#include "cpu/convolution/winograd_tiles.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn {
namespace winograd {
namespace {

constexpr int64_t kBlockBytes = int64_t{1} << 19;  // of a thread's matrices
constexpr int64_t kFewestTiles = 28, kMostTiles = 252;
constexpr int64_t kFilterTask = 32;  // inputs whose weights are transformed together

template <class T>
class Convolution : public Kernel {
 public:
  Convolution(const Window& window, const ConvolutionEnd& end, bool rotated, bool constant_weights)
      : product_(product::engine(vector_lanes())),
        engine_(engine(product_.lanes)),
        tiles_(window),
        w_(tiles_.window()),
        end_(end),
        rotated_(rotated),
        kept_(constant_weights),
        panel_(product_.columns()) {
    group_ = group_of(w_.inputs, w_.outputs);
    const int64_t fit = kBlockBytes / (kPointBytes * (w_.inputs + group_));
    threads_ = most_threads();
    const int64_t fewest = ceil_div(tiles_.count(), std::clamp(fit, kFewestTiles, kMostTiles));
    if (kept_ && fewest < threads_) {
      divide_outputs(fewest);
    } else {
      block_ = ceil_div(tiles_.count(), ceil_div(fewest, threads_) * threads_);
    }
    input_stride_ = odd_lines(block_ * w_.inputs);
    product_stride_ = odd_lines(block_ * group_);
    if (!kept_) weights_offset_ = workspace_.add(bytes(kPoints * w_.inputs * group_));
    thread_elements_ = kPoints * (input_stride_ + product_stride_);
    buffers_offset_ = workspace_.add(bytes(thread_elements_ * threads_));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return kept_ ? bytes(kPoints * w_.inputs * w_.outputs) : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return kept_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override { return "winograd:" + vector_name(product_.lanes); }

  void lay_out(const KernelArgs& args) override {
    parallel(threads_, [&](Team& team) {
      for (int64_t output = 0; output < w_.outputs; output += group_) {
        const Group group = group_at(output);
        transform_filters(team, args, group, kept_filters(args, group));
      }
    });
  }

  void run(const KernelArgs& args) override {
    const int64_t blocks = ceil_div(tiles_.count(), block_), groups = ceil_div(w_.outputs, group_);
    parallel(threads_, [&](Team& team) {
      float* const buffers =
          WorkspaceLayout::at<float>(args.workspace, buffers_offset_) + team.thread() * thread_elements_;
      if (kept_) {
        team.take(groups * blocks, [&](int64_t task) {
          const Group group = group_at(task / blocks * group_);
          run_block(args, group, kept_filters(args, group), task % blocks, buffers);
        });
      } else {
        float* const filters = WorkspaceLayout::at<float>(args.workspace, weights_offset_);
        for (int64_t output = 0; output < w_.outputs; output += group_) {
          const Group group = group_at(output);
          transform_filters(team, args, group, filters);
          team.take(blocks, [&](int64_t block) { run_block(args, group, filters, block, buffers); });
        }
      }
    });
  }

 private:
  // Where there are too few tiles to give every thread some: each thread reads weights of its own, which take
  // longer to come from memory than the products with a few tiles.
  void divide_outputs(int64_t blocks) {
    block_ = ceil_div(tiles_.count(), blocks);
    const int64_t outputs = ceil_div(w_.outputs, ceil_div(threads_, blocks));
    group_ = std::min(w_.outputs, ceil_div(outputs, kGroupUnit) * kGroupUnit);
  }

  Group group_at(int64_t output) const { return {output, std::min(group_, w_.outputs - output)}; }

  float* kept_filters(const KernelArgs& args, const Group& group) const {
    return static_cast<float*>(args.layout) + kPoints * w_.inputs * group.begin;
  }

  static size_t bytes(int64_t elements) { return static_cast<size_t>(elements) * sizeof(float); }

  // OIHW → [panel of outputs][point][input][output].
  void transform_filters(Team& team, const KernelArgs& args, const Group& group, float* to) const {
    const int64_t panels = ceil_div(group.outputs, panel_), parts = ceil_div(w_.inputs, kFilterTask);
    const int64_t output_step = rotated_ ? 9 : w_.inputs * 9, input_step = rotated_ ? w_.outputs * 9 : 9;
    float* const w = const_cast<float*>(args.in<float>(1));
    team.divide(panels * parts, [&](int64_t task) {
      const int64_t output = task / parts * panel_, input = task % parts * kFilterTask;
      const int64_t width = std::min(panel_, group.outputs - output);
      const Filters filters{w + (group.begin + output) * output_step + input * input_step, output_step,
                            input_step, rotated_};
      engine_.filters(filters, std::min(kFilterTask, w_.inputs - input), width,
                      {to + kPoints * w_.inputs * output + input * width, w_.inputs * width});
    });
  }

  void run_block(const KernelArgs& args, const Group& group, const float* filters, int64_t block,
                 float* buffers) const {
    const Points inputs{buffers, input_stride_};
    const Points products{buffers + kPoints * input_stride_, product_stride_};
    const int64_t begin = block * block_, count = std::min(block_, tiles_.count() - begin);
    for (int64_t i = 0; i < count; ++i) {
      transform_inputs(engine_, tiles_, args.in<T>(0), w_.inputs, begin + i, begin + count - 1,
                       {inputs.data + i * w_.inputs, inputs.stride});
    }
    multiply(inputs, filters, group, count, products);
    for (int64_t i = 0; i < count; ++i) {
      write_tile(args, group, begin + i, {products.data + i * group.outputs, products.stride});
    }
  }

  // products [tile][output] = inputs [tile][input] · filters, for every point
  void multiply(const Points& inputs, const float* filters, const Group& group, int64_t count,
                const Points& products) const {
    product::Product p{};
    p.a_row = p.depth = w_.inputs;
    p.a_depth = 1;
    p.out_row = group.outputs;
    p.rows = count;
    for (int64_t point = 0; point < kPoints; ++point) {
      p.a = inputs.data + point * inputs.stride;
      for (int64_t output = 0; output < group.outputs; output += panel_) {
        p.columns = p.b_depth = std::min(panel_, group.outputs - output);
        p.b = filters + kPoints * w_.inputs * output + point * w_.inputs * p.columns;
        p.out = products.data + point * products.stride + output;
        product_.product(p);
      }
    }
  }

  void write_tile(const KernelArgs& args, const Group& group, int64_t tile, const Points& products) const {
    T* pixels[kTile * kTile];
    const T* addend[kTile * kTile];
    tiles_.outputs(args.out<T>(0) + group.begin, tile, static_cast<T*>(nullptr), pixels);
    if (end_.addend) {
      tiles_.outputs(args.in<T>(3) + group.begin, tile, tiles_.template zeros<T>(), addend);
    }
    const float* bias = end_.bias ? args.in<float>(2) + group.begin : nullptr;
    engine_.of<T>().output(products, group.outputs,
                           TileEnd<T>{bias, end_.addend ? addend : nullptr, end_.activation}, pixels);
  }

  const product::Engine& product_;
  const Engine& engine_;
  Tiles tiles_;
  Window w_;
  ConvolutionEnd end_;
  bool rotated_;
  bool kept_;
  int64_t panel_;  // outputs: one or two vectors, the last of a group may be narrower
  int64_t group_;  // outputs
  int64_t block_;  // tiles
  int threads_;
  int64_t input_stride_, product_stride_, thread_elements_;
  WorkspaceLayout workspace_;
  size_t weights_offset_ = 0, buffers_offset_ = 0;
};

std::unique_ptr<Kernel> make_convolution(DType dtype, const Window& window, const ConvolutionEnd& end,
                                         bool rotated, bool constant_weights) {
  if (dtype == DType::f32) {
    return std::make_unique<Convolution<float>>(window, end, rotated, constant_weights);
  }
  return std::make_unique<Convolution<bf16>>(window, end, rotated, constant_weights);
}

}  // namespace

void refuse_others(const ConvShape& s, DType x, DType y) {
  if (x != y || (x != DType::f32 && x != DType::bf16)) {
    throw Refused("Winograd's filtering is for images that are all float32, or all bfloat16");
  }
  if (s.kh != kTaps || s.kw != kTaps || s.sh * s.sw * s.groups != 1) {
    throw Refused("Winograd's filtering is for 3×3 windows without stride and groups");
  }
  if (s.empty() || s.c % 16 != 0 || s.o % 16 != 0) {
    throw Refused("Winograd's filtering requires channels that are multiples of 16");
  }
  // Every remainder of the dilation costs time, even one without outputs.
  if (s.dh > 2 * std::max(s.h, s.oh) || s.dw > 2 * std::max(s.w, s.ow)) {
    throw Refused("Winograd's filtering is for dilations of at most twice the image's side");
  }
}

}  // namespace winograd

std::unique_ptr<Kernel> make_winograd(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::forward(spec);
  const DType x = spec.inputs[0].dtype;
  winograd::refuse_others(shape, x, spec.outputs[0].dtype);
  return winograd::make_convolution(x, winograd::Window::forward(shape), ConvolutionEnd::of(spec), false,
                                    spec.constant(1));
}

std::unique_ptr<Kernel> make_winograd_data(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_data(spec);
  const DType dy = spec.inputs[0].dtype;
  winograd::refuse_others(shape, dy, spec.outputs[0].dtype);
  return winograd::make_convolution(dy, winograd::Window::backward_data(shape), {}, true, false);
}

}  // namespace iabn
