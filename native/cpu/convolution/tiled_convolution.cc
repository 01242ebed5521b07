// A convolution as a matrix product with an implicit left side: for every output pixel and window tap there
// is a pointer to the channels of the input pixel, or to zeros in the padding.
//
// Pixels are processed in blocks of kBlockTiles tiles of six, outputs in blocks of kBlockPanels panels of
// sixteen; weights are stored as [panel][tap][channel][sixteen outputs]. The sum is split into stretches of
// about kStretch elements, so that a stretch of a panel stays in the first-level cache for all tiles of the
// block. Between stretches, sums are kept in the output. Results do not depend on which thread computes a
// block.
#include "cpu/convolution/tiled_convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cpu/convolution/tile_6x16.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

constexpr int64_t kBlockTiles = 16;
constexpr int64_t kBlockPanels = 16;
constexpr int64_t kStretch = 512;

class TiledConvolution : public Kernel {
 public:
  TiledConvolution(const ConvShape& shape, const ConvolutionEnd& end, bool constant_weights)
      : s_(shape), end_(end), kept_(constant_weights) {
    panels_ = ceil_div(s_.group_outputs(), kTileColumns);
    zeros_.resize(static_cast<size_t>(s_.group_inputs()));
    blocks_ = ceil_div(s_.pixels(), kBlockTiles * kTilePixels);
    panel_blocks_ = ceil_div(panels_, kBlockPanels);
    if (!kept_) weights_offset_ = workspace_.add(weights_bytes());
    threads_ = most_threads();
    pointer_bytes_ = static_cast<size_t>(taps() * kBlockTiles * kTilePixels) * sizeof(float*);
    pointers_offset_ = workspace_.add(pointer_bytes_ * static_cast<size_t>(threads_));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return kept_ ? weights_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return kept_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override { return "tiles:avx2"; }
  void lay_out(const KernelArgs& args) override {
    pack_weights(args.in<float>(1), static_cast<float*>(args.layout));
  }

  void run(const KernelArgs& args) override {
    float* weights = static_cast<float*>(args.layout);
    if (!kept_) {
      weights = WorkspaceLayout::at<float>(args.workspace, weights_offset_);
      pack_weights(args.in<float>(1), weights);
    }
    const float* x = args.in<float>(0);
    const int64_t tasks = s_.groups * panel_blocks_ * blocks_;
    parallel_take(tasks > 1 ? threads_ : 1, tasks, [&](int64_t task, int thread) {
      const auto** pointers = WorkspaceLayout::at<const float*>(
          args.workspace, pointers_offset_ + pointer_bytes_ * static_cast<size_t>(thread));
      const int64_t column = task / blocks_;
      run_block(args, x, weights, pointers, column / panel_blocks_, column % panel_blocks_, task % blocks_);
    });
  }

 private:
  int64_t taps() const { return s_.kh * s_.kw; }
  int64_t panel_elements() const { return taps() * s_.group_inputs() * kTileColumns; }
  size_t weights_bytes() const {
    return static_cast<size_t>(s_.groups * panels_ * panel_elements()) * sizeof(float);
  }

  // OIHW → [group][panel][kh][kw][channel][output], with zeros for missing outputs.
  void pack_weights(const float* w, float* packed) const {
    const int64_t area = s_.kh * s_.kw, inputs = s_.group_inputs();
    parallel_tasks(s_.groups * panels_, s_.o * inputs * area, [&](int64_t task) {
      const int64_t group = task / panels_, first = task % panels_ * kTileColumns;
      const int64_t outputs = std::min(kTileColumns, s_.group_outputs() - first);
      const float* from = w + (group * s_.group_outputs() + first) * inputs * area;
      float* to = packed + task * panel_elements();
      for (int64_t tap = 0; tap < area; ++tap) {
        for (int64_t c = 0; c < inputs; ++c) {
          for (int64_t o = 0; o < kTileColumns; ++o) {
            *to++ = o < outputs ? from[(o * inputs + c) * area + tap] : 0.0f;
          }
        }
      }
    });
  }

  // Pointers to the channels under each tap of each pixel of a block: [tile][tap][row of the tile].
  void point(const float* x, int64_t group, int64_t first, int64_t tiles, const float** pointers) const {
    for (int64_t i = 0; i < tiles * kTilePixels; ++i) {
      // Rows beyond the last pixel repeat it; their results are not stored.
      const int64_t pixel = std::min(first + i, s_.pixels() - 1);
      const int64_t n = pixel / (s_.oh * s_.ow), oy = pixel / s_.ow % s_.oh, ox = pixel % s_.ow;
      const float** to = pointers + i / kTilePixels * taps() * kTilePixels + i % kTilePixels;
      for (int64_t row = 0; row < s_.kh; ++row) {
        for (int64_t column = 0; column < s_.kw; ++column, to += kTilePixels) {
          *to = pixel_of(x, group, n, oy, ox, row, column);
        }
      }
    }
  }

  const float* pixel_of(const float* x, int64_t group, int64_t n, int64_t oy, int64_t ox, int64_t row,
                        int64_t column) const {
    const int64_t y = oy * s_.sh - s_.ph + row * s_.dh, left = ox * s_.sw - s_.pw + column * s_.dw;
    if (y < 0 || y >= s_.h || left < 0 || left >= s_.w) return zeros_.data();
    return x + ((n * s_.h + y) * s_.w + left) * s_.c + group * s_.group_inputs();
  }

  struct Block {
    int64_t group;
    int64_t first, tiles;         // pixels
    int64_t first_panel, panels;  // outputs
    const float* weights;
    const float* const* pointers;
  };

  void run_block(const KernelArgs& args, const float* x, const float* weights, const float** pointers,
                 int64_t group, int64_t panel_block, int64_t block) const {
    Block b;
    b.group = group;
    b.first = block * kBlockTiles * kTilePixels;
    b.tiles = ceil_div(std::min(kBlockTiles * kTilePixels, s_.pixels() - b.first), kTilePixels);
    b.first_panel = panel_block * kBlockPanels;
    b.panels = std::min(kBlockPanels, panels_ - b.first_panel);
    b.weights = weights + (group * panels_ + b.first_panel) * panel_elements();
    b.pointers = pointers;
    point(x, group, b.first, b.tiles, pointers);
    // Several whole taps if they are short, parts of one tap if it is long.
    const int64_t channels = s_.group_inputs();
    const int64_t stretches = std::max<int64_t>(1, (taps() * channels + kStretch / 2) / kStretch);
    const int64_t together = std::max<int64_t>(1, ceil_div(taps(), stretches));
    const int64_t depth = together > 1 ? channels : ceil_div(channels, ceil_div(channels, kStretch));
    for (int64_t tap = 0; tap < taps(); tap += together) {
      for (int64_t offset = 0; offset < channels; offset += depth) {
        run_stretch(args, b, tap, std::min(together, taps() - tap), offset,
                    std::min(depth, channels - offset));
      }
    }
  }

  void run_stretch(const KernelArgs& args, const Block& b, int64_t tap, int64_t count, int64_t offset,
                   int64_t depth) const {
    const bool begins = tap == 0 && offset == 0;
    const bool ends = tap + count == taps() && offset + depth == s_.group_inputs();
    ProductTile tile{};
    tile.taps = count;
    tile.offset = offset;
    tile.depth = depth;
    if (ends) tile.activation = end_.activation;
    for (int64_t p = 0; p < b.panels; ++p) {
      const int64_t output = (b.first_panel + p) * kTileColumns;
      const int64_t columns = std::min(kTileColumns, s_.group_outputs() - output);
      const int64_t channel = b.group * s_.group_outputs() + output;
      tile.weights = b.weights + p * panel_elements() + (tap * s_.group_inputs() + offset) * kTileColumns;
      float bias[kTileColumns] = {};
      if (begins && end_.bias) std::copy_n(args.in<float>(2) + channel, columns, bias);
      tile.bias = begins && end_.bias ? bias : nullptr;
      for (int64_t i = 0; i < b.tiles; ++i) {
        const int64_t pixel = b.first + i * kTilePixels, at = pixel * s_.o + channel;
        tile.rows = b.pointers + (i * taps() + tap) * kTilePixels;
        const float* start =
            begins ? (end_.addend ? args.in<float>(3) + at : nullptr) : args.out<float>(0) + at;
        const int64_t rows = std::min(kTilePixels, s_.pixels() - pixel);
        run_at(tile, start, args.out<float>(0) + at, rows, columns);
      }
    }
  }

  // A tile that extends beyond the output is computed in a separate buffer.
  void run_at(ProductTile& tile, const float* start, float* out, int64_t rows, int64_t columns) const {
    tile.start = start;
    tile.out = out;
    tile.start_stride = tile.out_stride = s_.o;
    if (rows == kTilePixels && columns == kTileColumns) return run_tile(tile);
    float part[kTilePixels * kTileColumns] = {};
    for (int64_t r = 0; start && r < rows; ++r)
      std::copy_n(start + r * s_.o, columns, part + r * kTileColumns);
    tile.start = start ? part : nullptr;
    tile.out = part;
    tile.start_stride = tile.out_stride = kTileColumns;
    run_tile(tile);
    for (int64_t r = 0; r < rows; ++r) std::copy_n(part + r * kTileColumns, columns, out + r * s_.o);
  }

  ConvShape s_;
  ConvolutionEnd end_;
  bool kept_;
  int64_t panels_, panel_blocks_, blocks_;  // panels of a group; blocks of panels and of pixels
  std::vector<float> zeros_;                // under taps in the padding
  int threads_;
  WorkspaceLayout workspace_;
  size_t weights_offset_ = 0, pointers_offset_ = 0, pointer_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_tiled(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::forward(spec);
  if (spec.inputs[0].dtype != DType::f32) throw Refused("the tiles compute in float32 only");
  if (!has_tiles()) throw Refused("the tiles are for AVX2 without AVX-512");
  if (shape.empty()) throw Refused("the tiles are not used for convolutions of empty tensors");
  if (shape.kh * shape.kw == 1) throw Refused("oneDNN's 1×1 convolutions are as fast as the tiles");
  if (shape.group_inputs() < kTileColumns || shape.group_outputs() < kTileColumns) {
    throw Refused("the tiles are slow with fewer than 16 channels in a group");
  }
  return std::make_unique<TiledConvolution>(shape, ConvolutionEnd::of(spec), spec.constant(1));
}

}  // namespace iabn
