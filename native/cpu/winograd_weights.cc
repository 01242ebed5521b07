// The gradient of the weights: a block of tiles of x and of dy is transformed to 36 pairs of matrices
// [tile][input] and [tile][output], whose products are added up over all blocks, [point][input][output], and
// transformed to the nine taps at last. Outputs are taken in groups, so that these sums stay small.
//
// All threads work on one block: on tiles first, then on points. So there is one set of sums, and in an order
// that does not depend on the threads.
#include <algorithm>
#include <cstring>

#include "cpu/parallel.h"
#include "cpu/product_engine.h"
#include "cpu/vector_lanes.h"
#include "cpu/winograd.h"
#include "cpu/winograd_tiles.h"

namespace iabn {
namespace winograd {
namespace {

constexpr int64_t kBlockBytes = int64_t{3} << 20;  // of a block's matrices
constexpr int64_t kFewestTiles = 64, kMostTiles = 512;
constexpr int64_t kFilterTask = 16;  // inputs whose taps are written together

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
    inputs_.stride = odd_lines(block_ * w_.inputs);
    outputs_.stride = odd_lines(block_ * group_);
    sums_.stride = odd_lines(w_.inputs * group_);
    inputs_.offset = workspace_.add(bytes(inputs_));
    outputs_.offset = workspace_.add(bytes(outputs_));
    sums_.offset = workspace_.add(bytes(sums_));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  std::string implementation() const override { return "winograd:" + vector_name(product_.lanes); }

  void run(const KernelArgs& args) override {
#pragma omp parallel
    for (int64_t output = 0; output < w_.outputs; output += group_) {
      const Group group{output, std::min(group_, w_.outputs - output)};
      for (int64_t begin = 0; begin < tiles_.count(); begin += block_) {
        const int64_t count = std::min(block_, tiles_.count() - begin);
        transform_tiles(args, group, begin, count);
        multiply(args, group, count, begin > 0);
      }
      transform_sums(args, group);
    }
  }

 private:
  struct Matrices {
    size_t offset = 0;
    int64_t stride = 0;

    Points of(const KernelArgs& args) const {
      return {WorkspaceLayout::at<float>(args.workspace, offset), stride};
    }
  };

  static size_t bytes(const Matrices& matrices) {
    return static_cast<size_t>(kPoints * matrices.stride) * sizeof(float);
  }

  void transform_tiles(const KernelArgs& args, const Group& group, int64_t begin, int64_t count) const {
    const Points inputs = inputs_.of(args), outputs = outputs_.of(args);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < count; ++i) {
      transform_inputs(engine_, tiles_, args.in<T>(0), begin + i, begin + count - 1,
                       {inputs.data + i * w_.inputs, inputs.stride});
      const T* pixels[kTile * kTile];
      tiles_.outputs(args.in<T>(1) + group.begin, begin + i, tiles_.template zeros<T>(), pixels);
      engine_.output_diff(pixels, group.outputs, {outputs.data + i * group.outputs, outputs.stride});
    }
  }

  // sums [input][output] += inputs [tile][input]ᵀ · outputs [tile][output], for every point
  void multiply(const KernelArgs& args, const Group& group, int64_t count, bool add) const {
    const Points inputs = inputs_.of(args), outputs = outputs_.of(args), sums = sums_.of(args);
    const int64_t width = product_.columns();
#pragma omp for schedule(dynamic)
    for (int64_t point = 0; point < kPoints; ++point) {
      product::Product p{};
      p.a = inputs.data + point * inputs.stride;
      p.a_row = 1;
      p.a_depth = w_.inputs;
      p.b_depth = p.out_row = group.outputs;
      p.rows = w_.inputs;
      p.depth = count;
      p.add = add;
      for (int64_t output = 0; output < group.outputs; output += width) {
        p.columns = std::min(width, group.outputs - output);
        p.b = outputs.data + point * outputs.stride + output;
        p.out = sums.data + point * sums.stride + output;
        product_.product(p);
      }
    }
  }

  void transform_sums(const KernelArgs& args, const Group& group) const {
    const Points sums = sums_.of(args);
#pragma omp for schedule(static)
    for (int64_t c = 0; c < w_.inputs; c += kFilterTask) {
      const Filters filters{args.out<float>(0) + (group.begin * w_.inputs + c) * 9, w_.inputs * 9, 9, false};
      engine_.filters_diff({sums.data + c * group.outputs, sums.stride}, std::min(kFilterTask, w_.inputs - c),
                           group.outputs, filters);
    }
  }

  const product::Engine& product_;
  const Engine& engine_;
  Tiles tiles_;
  Window w_;
  int64_t group_;  // outputs
  int64_t block_;  // tiles
  WorkspaceLayout workspace_;
  Matrices inputs_, outputs_, sums_;
};

}  // namespace
}  // namespace winograd

std::unique_ptr<Kernel> make_winograd_weights(const KernelSpec& spec, const ConvShape& shape) {
  const DType x = spec.inputs[0].dtype;
  winograd::refuse_others(shape, x, spec.inputs[1].dtype);
  if (x == DType::f32) return std::make_unique<winograd::WeightsDiff<float>>(shape);
  return std::make_unique<winograd::WeightsDiff<bf16>>(shape);
}

}  // namespace iabn
