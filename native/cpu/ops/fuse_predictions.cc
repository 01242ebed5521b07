// Fuses the logits of several scales and orientations into one label and one probability per pixel.
//
// Logits [N,K,h_i,w_i] are resized as in PyTorch (bilinear, align_corners=False), but never stored whole: a
// thread takes a row of the output, interpolates the two source rows of each operand into its part of the
// workspace, and then interpolates the two columns of each, pixel by pixel.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "cpu/loops/data.h"
#include "cpu/loops/parallel.h"
#include "cpu/ops/fusion.h"
#include "geometry/bilinear_taps.h"
#include "program/kernel.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void blend(const T* first, const T* second, float share, int64_t count, float* row) {
  const float kept = 1.0f - share;
  for (int64_t i = 0; i < count; ++i) row[i] = kept * load(first + i) + share * load(second + i);
}

IABN_SIMD void blend_leaf(const float* first, const float* second, float share, int64_t count, float* row) {
  blend(first, second, share, count, row);
}

IABN_SIMD void blend_leaf(const bf16* first, const bf16* second, float share, int64_t count, float* row) {
  blend(first, second, share, count, row);
}

IABN_SIMD void mean_leaf(const FusionRow& row, uint8_t* label, float* probability) {
  fuse_row<MeanRule>(row, label, probability);
}

IABN_SIMD void voting_leaf(const FusionRow& row, uint8_t* label, float* probability) {
  fuse_row<VotingRule>(row, label, probability);
}

IABN_SIMD void max_leaf(const FusionRow& row, uint8_t* label, float* probability) {
  fuse_row<MaxRule>(row, label, probability);
}

using RowLeaf = void (*)(const FusionRow&, uint8_t*, float*);

RowLeaf leaf_of(const std::string& mode, size_t operands) {
  // With a single prediction, all modes are equal.
  if (mode == "max" || operands == 1) return max_leaf;
  if (mode == "mean") return mean_leaf;
  if (mode == "voting") return voting_leaf;
  throw std::invalid_argument("fuse_predictions: unknown mode '" + mode + "'");
}

// A tap without a second pixel reads the first one twice.
std::vector<Tap> taps_of(int64_t targets, int64_t sources, bool mirrored) {
  std::vector<Tap> taps;
  for (const BilinearTap& tap : bilinear_taps(sources, targets)) {
    const int64_t second = tap.second > 0 ? tap.low + 1 : tap.low;
    taps.push_back({static_cast<int32_t>(tap.low), static_cast<int32_t>(second), tap.second});
  }
  if (mirrored) std::reverse(taps.begin(), taps.end());
  return taps;
}

constexpr int64_t kTaskRows = 4;

struct Operand {
  std::vector<Tap> rows;     // for every output row
  std::vector<Tap> columns;  // for every output column
  int64_t row_elements;
  int64_t image_elements;
  int64_t offset;  // of its row in a thread's buffer
};

class FusePredictions : public Kernel {
 public:
  explicit FusePredictions(const KernelSpec& spec)
      : dtype_(spec.inputs[0].dtype), classes_(spec.inputs[0].channels()) {
    const TensorDesc& label = spec.outputs[0];
    images_ = label.dims[0], height_ = label.dims[1], width_ = label.dims[2];
    if (classes_ < 1 || classes_ > kMaxClasses) throw std::invalid_argument("expected 1 to 256 classes");
    const std::vector<int64_t> mirrored = spec.attrs.integers("mirrored");
    if (mirrored.size() != spec.inputs.size())
      throw std::invalid_argument("expected as many flags as logits");
    for (size_t i = 0; i < spec.inputs.size(); ++i) {
      const TensorDesc& logits = spec.inputs[i];
      const int64_t height = logits.dims[2], row = logits.dims[3] * classes_;
      operands_.push_back({taps_of(height_, height, false), taps_of(width_, logits.dims[3], mirrored[i] != 0),
                           row, height * row, thread_elements_});
      thread_elements_ += (row + 15) / 16 * 16;
    }
    threads_ =
        static_cast<int>(std::clamp<int64_t>(most_threads(), 1, std::max<int64_t>(1, images_ * height_)));
    sources_.resize(operands_.size() * static_cast<size_t>(threads_));
    leaf_ = leaf_of(spec.attrs.string("mode"), operands_.size());
  }

  size_t workspace_bytes() const override {
    return static_cast<size_t>(thread_elements_ * threads_) * sizeof(float);
  }

  void run(const KernelArgs& args) override {
    with_data(dtype_, [&](auto type) { run_rows<typename decltype(type)::type>(args); });
  }

 private:
  template <class T>
  void run_rows(const KernelArgs& args) {
    float* buffers = static_cast<float*>(args.workspace);
    const int64_t rows = images_ * height_;
    parallel_take(threads_, ceil_div(rows, kTaskRows), [&](int64_t task, int thread) {
      for (int64_t row = task * kTaskRows; row < std::min(rows, (task + 1) * kTaskRows); ++row) {
        run_row<T>(args, row / height_, row % height_, buffers + thread * thread_elements_,
                   sources_.data() + thread * static_cast<int64_t>(operands_.size()));
      }
    });
  }

  template <class T>
  void run_row(const KernelArgs& args, int64_t n, int64_t y, float* buffer, FusionSource* sources) const {
    for (size_t i = 0; i < operands_.size(); ++i) {
      const Operand& operand = operands_[i];
      const T* image = args.in<T>(i) + n * operand.image_elements;
      const Tap tap = operand.rows[static_cast<size_t>(y)];
      float* row = buffer + operand.offset;
      blend_leaf(image + tap.first * operand.row_elements, image + tap.second * operand.row_elements,
                 tap.share, operand.row_elements, row);
      sources[i] = {row, operand.columns.data()};
    }
    const int64_t first = (n * height_ + y) * width_;
    leaf_({sources, static_cast<int64_t>(operands_.size()), classes_, width_}, args.out<uint8_t>(0) + first,
          args.out<float>(1) + first);
  }

  DType dtype_;
  int64_t classes_;
  int64_t images_ = 0, height_ = 0, width_ = 0;
  std::vector<Operand> operands_;
  int64_t thread_elements_ = 0;
  int threads_ = 1;
  std::vector<FusionSource> sources_;  // [threads][operands], rewritten for every row
  RowLeaf leaf_ = nullptr;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) { return std::make_unique<FusePredictions>(spec); }

const OpRegistration registration("fuse_predictions", {make});

}  // namespace
}  // namespace iabn
