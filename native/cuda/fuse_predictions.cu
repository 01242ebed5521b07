// Fuses the logits of several scales and orientations into one label and one probability per pixel (rules in
// cpu/ops/fusion.h). Logits [N,K,h_i,w_i] are resized as in PyTorch (bilinear, align_corners=False), but
// never stored whole: a warp computes one pixel, each lane every 32nd class.
#include <climits>

#include "cuda/support/bilinear.h"
#include "cuda/support/kernels.h"
#include "cuda/support/softmax.h"

namespace iabn::cuda {
namespace {

constexpr int kMaxClasses = 256;
constexpr int kMaxOperands = 48;
constexpr int kLaneClasses = kMaxClasses / static_cast<int>(kWarp);

enum class Mode { mean, voting, max };

struct Operand {
  const void* logits;
  int height, width;
  bool mirrored;
};

struct Operands {
  Operand at[kMaxOperands];
  int count;
  int classes;
  int height, width;  // of the output
};

struct Prediction {
  int label;
  float probability;
};

__device__ __forceinline__ int class_of(int j) { return lane_id() + j * static_cast<int>(kWarp); }

// The first class whose value is `value`.
__device__ __forceinline__ int first_equal(const float (&x)[kLaneClasses], float value, int classes) {
  int first = INT_MAX;
#pragma unroll
  for (int j = kLaneClasses - 1; j >= 0; --j) {
    if (class_of(j) < classes && x[j] == value) first = class_of(j);
  }
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
    const int other = __shfl_xor_sync(kAllLanes, first, mask);
    first = other < first ? other : first;
  }
  return first;
}

__device__ __forceinline__ float largest_of(const float (&x)[kLaneClasses], int classes) {
  float max = -INFINITY;
#pragma unroll
  for (int j = 0; j < kLaneClasses; ++j) {
    if (class_of(j) < classes) max = Larger{}(max, x[j]);
  }
  return warp_reduce(max, Larger{});
}

// The logits of an output pixel: interpolates rows first, then columns.
template <class T>
__device__ void resized(const Operands& operands, int i, int64_t n, int y, int x,
                        float (&logits)[kLaneClasses]) {
  const Operand& operand = operands.at[i];
  const int column = operand.mirrored ? operands.width - 1 - x : x;
  const Tap down = bilinear_tap(y, operand.height, operands.height);
  const Tap across = bilinear_tap(column, operand.width, operands.width);
  const int64_t row = static_cast<int64_t>(operand.width) * operands.classes;
  const T* upper = static_cast<const T*>(operand.logits) + (n * operand.height + down.low) * row;
  const T* lower = down.second > 0.0f ? upper + row : upper;
  const int64_t left = across.low * operands.classes;
  const int64_t right = across.second > 0.0f ? left + operands.classes : left;
#pragma unroll
  for (int j = 0; j < kLaneClasses; ++j) {
    const int k = class_of(j);
    if (k >= operands.classes) continue;
    const float first = down.first * to_float(upper[left + k]) + down.second * to_float(lower[left + k]);
    const float second = down.first * to_float(upper[right + k]) + down.second * to_float(lower[right + k]);
    logits[j] = across.first * first + across.second * second;
  }
}

struct MaxRule {
  Prediction best = {0, 0.0f};
  __device__ void add(const float (&logits)[kLaneClasses], SoftmaxRow softmax, int classes, int) {
    const int label = first_equal(logits, softmax.max, classes);
    const float probability = 1.0f / softmax.sum;
    if (probability > best.probability) best = {label, probability};
  }
  __device__ Prediction end(int) const { return best; }
};

struct VotingRule {
  float votes[kLaneClasses] = {}, sums[kLaneClasses] = {};
  __device__ void add(const float (&logits)[kLaneClasses], SoftmaxRow softmax, int classes, int) {
    const int label = first_equal(logits, softmax.max, classes);
#pragma unroll
    for (int j = 0; j < kLaneClasses; ++j) {
      if (class_of(j) == label) votes[j] += 1.0f, sums[j] += 1.0f / softmax.sum;
    }
  }
  __device__ Prediction end(int classes) const {
    const int label = first_equal(votes, largest_of(votes, classes), classes);
    float mean = 0.0f;
#pragma unroll
    for (int j = 0; j < kLaneClasses; ++j) {
      if (class_of(j) == label) mean = sums[j] / votes[j];
    }
    return {label, warp_reduce(mean, Add{})};
  }
};

struct MeanRule {
  float mean[kLaneClasses] = {};
  __device__ void add(const float (&logits)[kLaneClasses], SoftmaxRow softmax, int classes, int before) {
    const float share = 1.0f / softmax.sum, weight = 1.0f / static_cast<float>(before + 1);
#pragma unroll
    for (int j = 0; j < kLaneClasses; ++j) {
      if (class_of(j) < classes) mean[j] += (expf(logits[j] - softmax.max) * share - mean[j]) * weight;
    }
  }
  __device__ Prediction end(int classes) const {
    const float max = largest_of(mean, classes);
    return {first_equal(mean, max, classes), max};
  }
};

// If any softmax of a pixel is NaN, its probability is NaN and its label 0, as for PyTorch's argmax.
template <class T, class Rule>
struct Fuse {
  Operands operands;
  uint8_t* label;
  float* probability;

  __device__ void operator()(int64_t pixel) const {
    const int x = static_cast<int>(pixel % operands.width);
    const int y = static_cast<int>(pixel / operands.width % operands.height);
    const int64_t n = pixel / operands.width / operands.height;
    Rule rule;
    bool defined = true;
    for (int i = 0; i < operands.count && defined; ++i) {
      float logits[kLaneClasses];
      resized<T>(operands, i, n, y, x, logits);
      const float max = largest_of(logits, operands.classes);
      float sum = 0.0f;
#pragma unroll
      for (int j = 0; j < kLaneClasses; ++j) {
        if (class_of(j) < operands.classes) sum += expf(logits[j] - max);
      }
      const SoftmaxRow softmax = {max, warp_reduce(sum, Add{})};
      defined = softmax.sum == softmax.sum;
      if (defined) rule.add(logits, softmax, operands.classes, i);
    }
    const Prediction fused = defined ? rule.end(operands.classes) : Prediction{0, NAN};
    if (lane_id() != 0) return;
    label[pixel] = static_cast<uint8_t>(fused.label);
    probability[pixel] = fused.probability;
  }
};

Mode mode_of(const std::string& name, size_t operands) {
  // With a single prediction, all modes are equal.
  if (name == "max" || operands == 1) return Mode::max;
  if (name == "mean") return Mode::mean;
  if (name == "voting") return Mode::voting;
  throw std::invalid_argument("fuse_predictions: unknown mode '" + name + "'");
}

Operands operands_of(const KernelSpec& spec) {
  const TensorDesc& label = spec.outputs[0];
  const std::vector<int64_t> mirrored = spec.attrs.integers("mirrored");
  const int64_t classes = spec.inputs[0].channels();
  if (spec.inputs.size() > kMaxOperands) throw Refused("more predictions than the kernel takes");
  if (classes < 1 || classes > kMaxClasses) throw std::invalid_argument("expected 1 to 256 classes");
  if (mirrored.size() != spec.inputs.size()) throw std::invalid_argument("expected as many flags as logits");
  Operands operands = {};
  operands.count = static_cast<int>(spec.inputs.size());
  operands.classes = static_cast<int>(classes);
  operands.height = static_cast<int>(label.dims[1]);
  operands.width = static_cast<int>(label.dims[2]);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const TensorDesc& logits = spec.inputs[i];
    operands.at[i] = {nullptr, static_cast<int>(logits.dims[2]), static_cast<int>(logits.dims[3]),
                      mirrored[i] != 0};
  }
  return operands;
}

template <class T>
void run(const Context& context, int64_t pixels, Mode mode, Operands operands, const KernelArgs& args) {
  for (int i = 0; i < operands.count; ++i) operands.at[i].logits = args.inputs[static_cast<size_t>(i)];
  uint8_t* label = args.out<uint8_t>(0);
  float* probability = args.out<float>(1);
  switch (mode) {
    case Mode::max:
      return for_each_row(context, pixels, Fuse<T, MaxRule>{operands, label, probability});
    case Mode::voting:
      return for_each_row(context, pixels, Fuse<T, VotingRule>{operands, label, probability});
    case Mode::mean:
      return for_each_row(context, pixels, Fuse<T, MeanRule>{operands, label, probability});
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const Operands operands = operands_of(spec);
  const Mode mode = mode_of(spec.attrs.string("mode"), spec.inputs.size());
  const int64_t pixels = spec.outputs[0].elements();
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    run<typename decltype(type)::type>(context, pixels, mode, operands, args);
  });
}

const OpRegistration registration("fuse_predictions", {make});

}  // namespace
}  // namespace iabn::cuda
