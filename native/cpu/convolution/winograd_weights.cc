// The weight gradient: a block of tiles of x and dy is transformed to 36 pairs of matrices [tile][input] and
// [tile][output]. Their products are accumulated over all blocks, [point][input][output], and finally
// transformed to the nine taps. Outputs are processed in groups, to keep these sums small.
//
// Each thread owns some inputs and some of a group's outputs, from the transform to the taps: matrices
// written by one thread and read by another cost twice the time if the two do not share a cache. Transforms
// needed by several threads are computed by each. The summation order does not depend on the threads.
#include <algorithm>

#include "cpu/convolution/product_engine.h"
#include "cpu/convolution/winograd.h"
#include "cpu/convolution/winograd_tiles.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn {
namespace winograd {
namespace {

constexpr int64_t kBlockBytes = int64_t{2} << 20;  // of a block's matrices
constexpr int64_t kFewestTiles = 64, kMostTiles = 512;
constexpr int64_t kInputUnit = 16;
// Cost of transforming one channel, in products of one input and one output.
constexpr int64_t kTransformCost = 8;

// The share of one thread.
struct Share {
  int64_t input, inputs;
  int64_t output, outputs;
};

// How threads divide the inputs and a group's outputs.
struct Split {
  int64_t by_inputs = 1, by_outputs = 1;

  int64_t threads() const { return by_inputs * by_outputs; }
  int64_t most_inputs(int64_t inputs) const { return part(inputs, by_inputs, kInputUnit); }
  int64_t most_outputs(int64_t outputs) const { return part(outputs, by_outputs, kGroupUnit); }

  // The share of a thread in `inputs` and in the group of outputs that starts at `first`; may be empty.
  Share share(int64_t thread, int64_t inputs, int64_t first, int64_t outputs) const {
    const int64_t i = most_inputs(inputs), o = most_outputs(outputs);
    const int64_t input = std::min(inputs, thread % by_inputs * i);
    const int64_t output = std::min(outputs, thread / by_inputs * o);
    return {input, std::min(i, inputs - input), first + output, std::min(o, outputs - output)};
  }

 private:
  static int64_t part(int64_t channels, int64_t parts, int64_t unit) {
    return std::min(channels, ceil_div(ceil_div(channels, parts), unit) * unit);
  }
};

// The split that minimizes the work of a thread. May leave threads idle: a unit of channels is not divided.
Split split_of(int64_t threads, int64_t inputs, int64_t outputs) {
  Split best;
  int64_t least = INT64_MAX;
  for (int64_t by_inputs = 1; by_inputs <= threads; ++by_inputs) {
    const Split split{by_inputs, threads / by_inputs};
    const int64_t i = split.most_inputs(inputs), o = split.most_outputs(outputs);
    const int64_t cost = i * o + kTransformCost * (i + o);
    if (cost < least) best = {ceil_div(inputs, i), ceil_div(outputs, o)}, least = cost;
  }
  return best;
}

template <class T>
class WeightsDiff : public Kernel {
 public:
  explicit WeightsDiff(const ConvShape& shape)
      : product_(product::engine(vector_lanes())),
        engine_(engine(product_.lanes)),
        tiles_(Window::forward(shape)),
        w_(tiles_.window()) {
    group_ = group_of(w_.inputs, w_.outputs);
    const int64_t fit = kBlockBytes / (kPointBytes * (w_.inputs + group_));
    const int64_t blocks = ceil_div(tiles_.count(), std::clamp(fit, kFewestTiles, kMostTiles));
    block_ = ceil_div(tiles_.count(), blocks);
    split_ = split_of(most_threads(), w_.inputs, group_);
    const int64_t inputs = split_.most_inputs(w_.inputs), outputs = split_.most_outputs(group_);
    input_stride_ = odd_lines(block_ * inputs);
    output_stride_ = odd_lines(block_ * outputs);
    sum_stride_ = odd_lines(inputs * outputs);
    thread_elements_ = kPoints * (input_stride_ + output_stride_ + sum_stride_);
  }

  size_t workspace_bytes() const override {
    return static_cast<size_t>(split_.threads() * thread_elements_) * sizeof(float);
  }
  std::string implementation() const override { return "winograd:" + vector_name(product_.lanes); }

  void run(const KernelArgs& args) override {
    const int threads = static_cast<int>(split_.threads());
    parallel_divide(threads, threads, [&](int64_t part, int) {
      float* const buffer = static_cast<float*>(args.workspace) + part * thread_elements_;
      const Matrices matrices{{buffer, input_stride_},
                              {buffer + kPoints * input_stride_, output_stride_},
                              {buffer + kPoints * (input_stride_ + output_stride_), sum_stride_}};
      for (int64_t output = 0; output < w_.outputs; output += group_) {
        const Share share = split_.share(part, w_.inputs, output, std::min(group_, w_.outputs - output));
        if (share.inputs > 0 && share.outputs > 0) run_share(args, share, matrices);
      }
    });
  }

 private:
  struct Matrices {
    Points inputs, outputs, sums;
  };

  void run_share(const KernelArgs& args, const Share& share, const Matrices& matrices) const {
    for (int64_t begin = 0; begin < tiles_.count(); begin += block_) {
      const int64_t count = std::min(block_, tiles_.count() - begin);
      for (int64_t i = 0; i < count; ++i) {
        transform_tile(args, share, begin + i, begin + count - 1,
                       {matrices.inputs.data + i * share.inputs, matrices.inputs.stride},
                       {matrices.outputs.data + i * share.outputs, matrices.outputs.stride});
      }
      multiply(share, matrices, count, begin > 0);
    }
    transform_sums(args, share, matrices.sums);
  }

  void transform_tile(const KernelArgs& args, const Share& share, int64_t tile, int64_t last,
                      const Points& inputs, const Points& outputs) const {
    transform_inputs(engine_, tiles_, args.in<T>(0) + share.input, share.inputs, tile, last, inputs);
    const T* pixels[kTile * kTile];
    tiles_.outputs(args.in<T>(1) + share.output, tile, tiles_.template zeros<T>(), pixels);
    engine_.of<T>().output_diff(pixels, share.outputs, outputs);
  }

  // sums [input][output] += inputs [tile][input]ᵀ · outputs [tile][output], for every point
  void multiply(const Share& share, const Matrices& matrices, int64_t count, bool add) const {
    const int64_t width = product_.columns();
    product::Product p{};
    p.a_row = 1;
    p.a_depth = p.rows = share.inputs;
    p.b_depth = p.out_row = share.outputs;
    p.depth = count;
    p.add = add;
    for (int64_t point = 0; point < kPoints; ++point) {
      p.a = matrices.inputs.data + point * matrices.inputs.stride;
      for (int64_t output = 0; output < share.outputs; output += width) {
        p.columns = std::min(width, share.outputs - output);
        p.b = matrices.outputs.data + point * matrices.outputs.stride + output;
        p.out = matrices.sums.data + point * matrices.sums.stride + output;
        product_.product(p);
      }
    }
  }

  void transform_sums(const KernelArgs& args, const Share& share, const Points& sums) const {
    const int64_t output_step = w_.inputs * 9;
    float* const taps = args.out<float>(0) + share.output * output_step + share.input * 9;
    engine_.filters_diff(sums, share.inputs, share.outputs, Filters{taps, output_step, 9, false});
  }

  const product::Engine& product_;
  const Engine& engine_;
  Tiles tiles_;
  Window w_;
  int64_t group_;  // outputs
  int64_t block_;  // tiles
  Split split_;
  int64_t input_stride_, output_stride_, sum_stride_, thread_elements_;
};

}  // namespace
}  // namespace winograd

std::unique_ptr<Kernel> make_winograd_weights(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  const DType x = spec.inputs[0].dtype;
  winograd::refuse_others(shape, x, spec.inputs[1].dtype);
  if (x == DType::f32) return std::make_unique<winograd::WeightsDiff<float>>(shape);
  return std::make_unique<winograd::WeightsDiff<bf16>>(shape);
}

}  // namespace iabn
