// A block of 2×2 output tiles at a time: their inputs are transformed to sixteen matrices [tile][channel],
// each is multiplied by the weights of its point, [channel][output], and the products are transformed to
// outputs. A block's matrix of one point stays in the second-level cache while it is multiplied. Which thread
// computes a block, and how large blocks are, changes no sum.
#include "cpu/winograd.h"

#include <algorithm>
#include <vector>

#include "cpu/parallel.h"
#include "cpu/tile_6x16.h"
#include "cpu/winograd_transform.h"

namespace iabn {
namespace {

constexpr int64_t kPointElements = 24576;  // of a point's matrix in a block
constexpr int64_t kMostTiles = 192;        // in a block
constexpr int64_t kStretch = 512;          // channels summed before the sums wait in memory

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

class Winograd : public Kernel {
 public:
  Winograd(const ConvShape& shape, const ConvolutionEnd& end, bool constant_weights)
      : s_(shape), end_(end), kept_(constant_weights), zeros_(static_cast<size_t>(shape.c)) {
    down_ = ceil_div(s_.oh, 2);
    across_ = ceil_div(s_.ow, 2);
    threads_ = std::max(1, omp_get_max_threads());
    const int64_t tiles = s_.n * down_ * across_;
    const int64_t most =
        std::clamp(kPointElements / std::max(s_.c, s_.o) / kTileRows * kTileRows, 8 * kTileRows, kMostTiles);
    // As many blocks for every thread.
    const int64_t blocks = ceil_div(ceil_div(tiles, most), threads_) * threads_;
    block_ = ceil_div(ceil_div(tiles, blocks), kTileRows) * kTileRows;
    if (!kept_) weights_offset_ = workspace_.add(weights_bytes());
    thread_elements_ = kWinogradPoints * block_ * (s_.c + s_.o);
    buffers_offset_ = workspace_.add(static_cast<size_t>(thread_elements_ * threads_) * sizeof(float));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return kept_ ? weights_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return kept_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override { return "winograd:avx2"; }
  void lay_out(const KernelArgs& args) override {
    transform_weights(args.in<float>(1), static_cast<float*>(args.layout));
  }

  void run(const KernelArgs& args) override {
    float* weights = static_cast<float*>(args.layout);
    if (!kept_) {
      weights = WorkspaceLayout::at<float>(args.workspace, weights_offset_);
      transform_weights(args.in<float>(1), weights);
    }
    float* buffers = WorkspaceLayout::at<float>(args.workspace, buffers_offset_);
    const int64_t tiles = s_.n * down_ * across_, blocks = ceil_div(tiles, block_);
#pragma omp parallel num_threads(threads_) if (blocks > 1)
    {
      float* inputs = buffers + omp_get_thread_num() * thread_elements_;
      float* products = inputs + kWinogradPoints * block_ * s_.c;
#pragma omp for schedule(dynamic)
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = block * block_, count = std::min(block_, tiles - first);
        for (int64_t i = 0; i < count; ++i) read_tile(args.in<float>(0), first + i, inputs + i * s_.c);
        for (int64_t point = 0; point < kWinogradPoints; ++point) {
          multiply(inputs + point * block_ * s_.c, weights + point * s_.c * s_.o, count,
                   products + point * block_ * s_.o);
        }
        for (int64_t i = 0; i < count; ++i) write_tile(args, first + i, products + i * s_.o);
      }
    }
  }

 private:
  size_t weights_bytes() const { return static_cast<size_t>(kWinogradPoints * s_.c * s_.o) * sizeof(float); }

  // OIHW → [point][panel of outputs][channel][output]
  void transform_weights(const float* w, float* packed) const {
    const int64_t panels = s_.o / kTileColumns, panel = s_.c * kTileColumns;
    parallel_tasks(panels, s_.o * s_.c * 9, [&](int64_t p) {
      for (int64_t c = 0; c < s_.c; ++c) {
        for (int64_t o = 0; o < kTileColumns; ++o) {
          float points[kWinogradPoints];
          winograd_weights(w + ((p * kTileColumns + o) * s_.c + c) * 9, points);
          for (int64_t i = 0; i < kWinogradPoints; ++i) {
            packed[(i * panels + p) * panel + c * kTileColumns + o] = points[i];
          }
        }
      }
    });
  }

  struct Position {
    int64_t n, y, x;  // image and the tile's first output pixel
  };

  Position position(int64_t tile) const {
    return {tile / (down_ * across_), tile / across_ % down_ * 2, tile % across_ * 2};
  }

  void read_tile(const float* x, int64_t tile, float* to) const {
    const Position at = position(tile);
    const float* pixels[kWinogradPoints];
    for (int64_t i = 0; i < kWinogradPoints; ++i) {
      const int64_t down = at.y - s_.ph + i / 4, right = at.x - s_.pw + i % 4;
      const bool inside = down >= 0 && down < s_.h && right >= 0 && right < s_.w;
      pixels[i] = inside ? x + ((at.n * s_.h + down) * s_.w + right) * s_.c : zeros_.data();
    }
    winograd_input(pixels, s_.c, to, block_ * s_.c);
  }

  // products [tiles, o] = inputs [tiles, c] · weights
  void multiply(const float* inputs, const float* weights, int64_t tiles, float* products) const {
    ProductTile tile{};
    tile.taps = 1;
    tile.start_stride = tile.out_stride = s_.o;
    for (int64_t c = 0; c < s_.c; c += kStretch) {
      tile.offset = c;
      tile.depth = std::min(kStretch, s_.c - c);
      for (int64_t o = 0; o < s_.o; o += kTileColumns) {
        tile.weights = weights + o * s_.c + c * kTileColumns;
        for (int64_t i = 0; i < tiles; i += kTileRows) {
          // Rows beyond the last tile of the block are its own memory and are not read again.
          const float* rows[kTileRows];
          for (int64_t r = 0; r < kTileRows; ++r) rows[r] = inputs + std::min(i + r, tiles - 1) * s_.c;
          tile.rows = rows;
          tile.out = products + i * s_.o + o;
          tile.start = c == 0 ? nullptr : tile.out;
          run_tile(tile);
        }
      }
    }
  }

  void write_tile(const KernelArgs& args, int64_t tile, const float* products) const {
    const Position at = position(tile);
    const float* addend[4];
    float* out[4];
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t down = at.y + i / 2, right = at.x + i % 2;
      const int64_t element = ((at.n * s_.oh + down) * s_.ow + right) * s_.o;
      out[i] = down < s_.oh && right < s_.ow ? args.out<float>(0) + element : nullptr;
      addend[i] = end_.addend ? args.in<float>(3) + element : nullptr;
    }
    winograd_output({products, block_ * s_.o, s_.o, end_.bias ? args.in<float>(2) : nullptr,
                     end_.addend ? addend : nullptr, out, end_.activation});
  }

  ConvShape s_;
  ConvolutionEnd end_;
  bool kept_;
  std::vector<float> zeros_;  // a pixel of the padding
  int64_t down_, across_;     // tiles of an image
  int64_t block_;             // tiles of a block
  int threads_;
  int64_t thread_elements_;
  WorkspaceLayout workspace_;
  size_t weights_offset_ = 0, buffers_offset_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd(const KernelSpec& spec, const ConvShape& shape,
                                      const ConvolutionEnd& end) {
  if (spec.inputs[0].dtype != DType::f32) throw Refused("Winograd's filtering is for float32");
  if (!has_tiles()) throw Refused("the tiles are for AVX2 without AVX-512");
  const bool dense = shape.sh * shape.sw * shape.dh * shape.dw * shape.groups == 1;
  if (shape.kh != 3 || shape.kw != 3 || !dense) {
    throw Refused("Winograd's filtering is for 3×3 windows without stride, dilation and groups");
  }
  if (shape.empty() || shape.c % 8 != 0 || shape.o % kTileColumns != 0 || shape.c < 32) {
    throw Refused("Winograd's filtering wants 32 channels or more that fill vectors");
  }
  return std::make_unique<Winograd>(shape, end, spec.constant(1));
}

}  // namespace iabn
