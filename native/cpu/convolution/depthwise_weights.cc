// Backward-weights of depthwise convolutions: for each tap, products of dy and x summed over pixels.
//
// Sums over a band of lines are float32 in registers, sums over bands float64 in the workspace. Bands are
// assigned to chunks by the shape alone, and the chunks' sums are added in order (see parallel.h).
#include <algorithm>
#include <vector>

#include "cpu/convolution/depthwise.h"
#include "cpu/convolution/depthwise_axis.h"
#include "cpu/convolution/depthwise_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn::depthwise {
namespace {

constexpr int64_t kBandPixels = 512;  // whose products are summed in float32
constexpr int64_t kMostChunks = 16;

class DepthwiseWeights final : public Kernel {
 public:
  DepthwiseWeights(const ConvShape& shape, DType dtype)
      : engine_(engine()),
        shape_(shape),
        dtype_(dtype),
        rows_(Axis::forward(shape.kh, shape.sh, shape.ph, shape.dh)),
        columns_(Axis::forward(shape.kw, shape.sw, shape.pw, shape.dw)),
        segments_(segments_of(columns_, shape.w, shape.ow)),
        blocks_(blocks_of(shape.c, engine_.block)),
        band_(std::clamp<int64_t>(kBandPixels / shape.ow, 1, shape.oh)),
        bands_(ceil_div(shape.oh, band_)),
        chunks_(std::min(kMostChunks, shape.n * bands_)) {}

  // double [chunk][tap][padded channels]
  size_t workspace_bytes() const override {
    return static_cast<size_t>(chunks_ * chunk_sums()) * sizeof(double);
  }
  std::string implementation() const override { return "depthwise:" + vector_name(engine_.lanes); }

  void run(const KernelArgs& args) override {
    double* sums = static_cast<double*>(args.workspace);
    parallel_tasks(chunks_, shape_.pixels() * shape_.c, [&](int64_t chunk) {
      double* own = sums + chunk * chunk_sums();
      std::fill(own, own + chunk_sums(), 0.0);
      const int64_t all = shape_.n * bands_;
      for (int64_t band = all * chunk / chunks_; band < all * (chunk + 1) / chunks_; ++band) {
        if (dtype_ == DType::f32)
          run_band<float>(args, band, own);
        else
          run_band<bf16>(args, band, own);
      }
    });
    add_chunks(sums, args.out<float>(0));
  }

 private:
  int64_t padded() const { return blocks_ * engine_.block; }
  int64_t chunk_sums() const { return shape_.kh * shape_.kw * padded(); }

  template <class T>
  void run_band(const KernelArgs& args, int64_t band, double* sums) const {
    const int64_t image = band / bands_, first = band % bands_ * band_;
    const int64_t last = std::min(first + band_, shape_.oh);
    const T* x = args.in<T>(0) + image * shape_.h * shape_.w * shape_.c;
    const T* dy = args.in<T>(1) + image * shape_.oh * shape_.ow * shape_.c;
    for (const AxisTap& row : rows_.taps[0]) {
      int64_t begin = first, end = last;
      while (begin < end && begin * shape_.sh + row.offset < 0) ++begin;
      while (begin < end && (end - 1) * shape_.sh + row.offset >= shape_.h) --end;
      if (begin == end) continue;
      for (const Segment& segment : segments_) {
        if (segment.taps == 0) continue;
        const int64_t column =
            segment.first * shape_.sw + columns_.taps[0][static_cast<size_t>(segment.tap)].offset;
        Correlation<T> c;
        c.lines = end - begin, c.count = segment.count;
        c.x_line = shape_.sh * shape_.w * shape_.c, c.dy_line = shape_.ow * shape_.c;
        c.pixel = shape_.c;
        c.sums_step = padded();
        for (int64_t block = 0; block < blocks_; ++block) {
          const int64_t channel = first_of(block, shape_.c, engine_.block);
          c.x = x + ((begin * shape_.sh + row.offset) * shape_.w + column) * shape_.c + channel;
          c.dy = dy + (begin * shape_.ow + segment.first) * shape_.c + channel;
          c.sums = sums + (row.tap * shape_.kw + segment.tap) * padded() + block * engine_.block;
          engine_.of<T>().correlate[shape_.sw - 1][segment.taps - 1](c);
        }
      }
    }
  }

  void add_chunks(const double* sums, float* dw) const {
    const int64_t taps = shape_.kh * shape_.kw;
    parallel_range(shape_.c, taps * chunks_, 16, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const int64_t block = std::min(c / engine_.block, blocks_ - 1);
        const int64_t place = engine_.place(c - first_of(block, shape_.c, engine_.block), dtype_);
        for (int64_t tap = 0; tap < taps; ++tap) {
          double sum = 0.0;
          for (int64_t chunk = 0; chunk < chunks_; ++chunk) {
            sum += sums[chunk * chunk_sums() + tap * padded() + block * engine_.block + place];
          }
          dw[c * taps + tap] = static_cast<float>(sum);
        }
      }
    });
  }

  const Engine& engine_;
  ConvShape shape_;
  DType dtype_;
  Axis rows_, columns_;
  std::vector<Segment> segments_;
  int64_t blocks_;
  int64_t band_, bands_, chunks_;  // lines of a band, bands of an image, of all
};

}  // namespace

std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  check(shape);
  return std::make_unique<DepthwiseWeights>(shape, spec.inputs[0].dtype);
}

}  // namespace iabn::depthwise
