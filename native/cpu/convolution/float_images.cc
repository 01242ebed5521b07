#include "cpu/convolution/float_images.h"

#include <algorithm>
#include <utility>

#include "cpu/loops/parallel.h"
#include "cpu/ops/cast.h"
#include "program/workspace.h"

namespace iabn {
namespace {

// float32 images per turn. Beyond the size of the second-level caches they would travel over the memory bus
// again.
constexpr size_t kTurnBytes = size_t{8} << 20;
constexpr size_t kSampleBytes = size_t{4} << 20;
// Minimum ratio of a sample to the weights, whose layout or transform is a fixed cost.
constexpr size_t kSampleOfWeights = 2;

int64_t image_elements(const TensorDesc& operand) { return operand.elements() / operand.dims[0]; }

// Calls visit(operand, index) for the present images, inputs before outputs.
template <class Spec, class Visit>
void for_images(Spec& spec, const ImageOperands& images, const Visit& visit) {
  for (const size_t index : images.inputs) {
    if (index < spec.inputs.size() && spec.inputs[index].present()) visit(spec.inputs[index], index, false);
  }
  for (const size_t index : images.outputs) visit(spec.outputs[index], index, true);
}

int64_t images_of(const KernelSpec& spec) { return spec.inputs[0].dims[0]; }

// Bytes of one image's operands in float32.
size_t float_bytes(const KernelSpec& spec, const ImageOperands& images) {
  size_t bytes = 0;
  for_images(spec, images, [&](const TensorDesc& operand, size_t, bool) {
    bytes += static_cast<size_t>(image_elements(operand)) * sizeof(float);
  });
  return bytes;
}

// Bytes of the other operands: weights.
size_t bytes_of_others(const KernelSpec& spec, const ImageOperands& images) {
  size_t bytes = spec.operand_bytes();
  for_images(spec, images, [&](const TensorDesc& operand, size_t, bool) { bytes -= operand.bytes(); });
  return bytes;
}

// The largest divisor of the number of images that fits `limit` bytes in float32; at least 1.
int64_t images_within(size_t limit, const KernelSpec& spec, const ImageOperands& images) {
  const size_t bytes = float_bytes(spec, images);
  int64_t best = 1;
  for (int64_t count = 1; count <= images_of(spec); ++count) {
    const bool fits = static_cast<size_t>(count) * bytes <= limit;
    if (images_of(spec) % count == 0 && fits) best = count;
  }
  return best;
}

KernelSpec first_images(int64_t count, const KernelSpec& spec, const ImageOperands& images) {
  KernelSpec part = spec;
  for_images(part, images, [count](TensorDesc& operand, size_t, bool) { operand.dims[0] = count; });
  return part;
}

void refuse_other_images(const KernelSpec& spec, const ImageOperands& images) {
  for_images(spec, images, [](const TensorDesc& operand, size_t, bool) {
    if (operand.dtype != DType::bf16) throw Refused("the images are not bfloat16");
    if (operand.elements() == 0) throw Refused("there are no images");
  });
}

// Adds `count` elements.
IABN_SIMD void add_leaf(const float* from, float* to, int64_t count) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// An operand that changes its place in the workspace every turn.
struct Part {
  size_t operand;
  size_t offset;
  int64_t elements;  // of a turn, or of a sum
};

class FloatImages : public Kernel {
 public:
  FloatImages(const KernelSpec& spec, const ImageOperands& images,
              const std::vector<KernelFactory>& implementations)
      : inputs_(spec.inputs.size()), outputs_(spec.outputs.size()) {
    refuse_other_images(spec, images);
    std::vector<bool> whole(spec.outputs.size(), true);
    for (const size_t index : images.outputs) whole[index] = false;
    KernelSpec inner = spec;
    if (!images.whole) inner = first_images(images_of_turn(spec, images, whole), spec, images);
    turns_ = images_of(spec) / images_of(inner);
    for_images(inner, images, [&](TensorDesc& operand, size_t index, bool output) {
      operand.dtype = DType::f32;
      const Part part{index, layout_.add(operand.bytes()), operand.elements()};
      (output ? output_parts_ : input_parts_).push_back(part);
    });
    for (size_t i = 0; i < whole.size(); ++i) {
      const TensorDesc& output = spec.outputs[i];
      if (whole[i] && turns_ > 1) sums_.push_back({i, layout_.add(output.bytes()), output.elements()});
    }
    kernel_ = first_accepting(inner, implementations, "float32");
    inner_workspace_ = layout_.add(kernel_->workspace_bytes());
  }

  size_t workspace_bytes() const override { return layout_.bytes(); }
  size_t layout_bytes() const override { return kernel_->layout_bytes(); }
  std::vector<size_t> laid_out_inputs() const override { return kernel_->laid_out_inputs(); }
  std::string implementation() const override { return "float32 images, " + kernel_->implementation(); }

  // Only weights are laid out, and they are float32 already.
  void lay_out(const KernelArgs& args) override { kernel_->lay_out(inner(args, args.inputs, args.outputs)); }

  void run(const KernelArgs& args) override {
    std::copy(args.inputs.begin(), args.inputs.end(), inputs_.begin());
    std::copy(args.outputs.begin(), args.outputs.end(), outputs_.begin());
    for (const Part& part : input_parts_) inputs_[part.operand] = at(args, part);
    for (const Part& part : output_parts_) outputs_[part.operand] = at(args, part);
    for (int64_t turn = 0; turn < turns_; ++turn) take(turn, args);
  }

 private:
  // All images, if they fit in the memory of one turn plus the sum of its results, which a single turn does
  // not need.
  static int64_t images_of_turn(const KernelSpec& spec, const ImageOperands& images,
                                const std::vector<bool>& summed) {
    size_t spared = 0;
    for (size_t i = 0; i < summed.size(); ++i) spared += summed[i] ? spec.outputs[i].bytes() : 0;
    const int64_t all = images_of(spec);
    const size_t bytes = static_cast<size_t>(all) * float_bytes(spec, images);
    return bytes <= kTurnBytes + spared ? all : images_within(kTurnBytes, spec, images);
  }

  void take(int64_t turn, const KernelArgs& args) {
    for (const Part& part : input_parts_)
      cast_elements(args.in<bf16>(part.operand) + turn * part.elements, at(args, part), part.elements);
    if (turn == 1) {
      for (const Part& sum : sums_) outputs_[sum.operand] = at(args, sum);
    }
    kernel_->run(inner(args, inputs_, outputs_));
    for (const Part& part : output_parts_)
      cast_elements(at(args, part), args.out<bf16>(part.operand) + turn * part.elements, part.elements);
    if (turn == 0) return;
    for (const Part& sum : sums_) {
      const float* from = at(args, sum);
      float* to = args.out<float>(sum.operand);
      parallel_elements(sum.elements,
                        [&](int64_t begin, int64_t end) { add_leaf(from + begin, to + begin, end - begin); });
    }
  }

  static float* at(const KernelArgs& args, const Part& part) {
    return WorkspaceLayout::at<float>(args.workspace, part.offset);
  }

  KernelArgs inner(const KernelArgs& args, const std::vector<void*>& inputs,
                   const std::vector<void*>& outputs) const {
    return {inputs, outputs, WorkspaceLayout::at(args.workspace, inner_workspace_), args.layout};
  }

  WorkspaceLayout layout_;
  std::vector<Part> input_parts_, output_parts_, sums_;
  std::vector<void*> inputs_, outputs_;  // operands of the float32 kernel, refilled at each run
  std::unique_ptr<Kernel> kernel_;
  size_t inner_workspace_ = 0;
  int64_t turns_ = 0;
};

}  // namespace

KernelFactory float_images(ImageOperands images, std::vector<KernelFactory> implementations) {
  return [images = std::move(images),
          implementations = std::move(implementations)](const KernelSpec& spec) -> std::unique_ptr<Kernel> {
    return std::make_unique<FloatImages>(spec, images, implementations);
  };
}

KernelSpec some_images(const KernelSpec& spec, const ImageOperands& images) {
  const size_t limit = std::max(kSampleBytes, kSampleOfWeights * bytes_of_others(spec, images));
  return first_images(images_within(limit, spec, images), spec, images);
}

}  // namespace iabn
