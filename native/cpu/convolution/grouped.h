// Convolutions with many groups of few channels, on packed rows (see grouped_engine.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cpu/convolution/convolution.h"
#include "cpu/convolution/grouped_engine.h"

namespace iabn::grouped {

// Layout of an image's channels in packed blocks: [block][width] → channel, −1 for an unused lane.
struct Packing {
  std::vector<int32_t> channels;
  int64_t blocks = 0;
  int64_t width = 0;
  int64_t plain = 0;  // packed floats from the first on that hold the channel of their own number

  // The blocks starting at `first`.
  PackedRow row(int64_t first, int64_t count, int64_t block_stride, int64_t pixel_stride) const {
    const bool contiguous = (first + count) * width <= plain;
    return {channels.data() + first * width, contiguous, count, width, block_stride, pixel_stride};
  }
};

// Blocks of a convolution's groups. In each product x·w = y, or its counterpart in the gradients, the source
// is the factor that is permuted or broadcast, and the target is in the vectors.
struct Blocks {
  const Engine& engine;
  bool broadcast;           // one group per block, else as many as the lanes hold
  int64_t lanes;            // of a vector
  int64_t group_lanes = 1;  // of a group (lanes form)
  size_t log2_lanes = 0;    // of group_lanes
  int64_t groups;
  int64_t sources, targets;  // channels of a group
  int64_t vectors;           // of a block's targets
  Packing source, target;

  Blocks(const Engine& chosen, int64_t groups, int64_t sources, int64_t targets);

  int64_t count() const { return source.blocks; }
  // The fastest form for the window, as measured on a Zen 4.
  Form form(const ConvShape& shape, DType dtype) const;
  std::string implementation(Form form) const;
  // Products of one tap in a block: [row: permutation or source][lane].
  int64_t tap_rows() const { return broadcast ? sources : group_lanes; }
  int64_t tap_lanes() const { return vectors * lanes; }
  int64_t tap_floats() const { return tap_rows() * tap_lanes(); }
  // Calls visit(row, lane, source channel, target channel) for each product that corresponds to a weight,
  // with channels numbered across groups.
  template <class Visit>
  void for_products(int64_t block, const Visit& visit) const;
  // The micro-kernel for these groups, with `lanes_at_once` target lanes.
  void run(const Row& row, Form form, int64_t lanes_at_once) const;
  void run(const Correlation& correlation, Form form) const;
  // Number of blocks to process together: whole cache lines of a pixel.
  int64_t together() const;
};

template <class Visit>
void Blocks::for_products(int64_t block, const Visit& visit) const {
  const int64_t slots = broadcast ? 1 : lanes / group_lanes, rows = tap_rows();
  for (int64_t slot = 0; slot < slots; ++slot) {
    const int64_t group = block * slots + slot;
    if (group >= groups) return;
    for (int64_t t = 0; t < targets; ++t) {
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t s = broadcast ? row : t ^ row;
        if (s < sources) visit(row, slot * group_lanes + t, group * sources + s, group * targets + t);
      }
    }
  }
}

enum class Direction { forward, data, weights };

// Throws Refused if oneDNN's kernels are faster.
void refuse_unless_faster(const ConvShape& shape, DType dtype, Direction direction);

std::unique_ptr<Kernel> make_forward(const KernelSpec& spec);  // conv2d, conv2d_fused
std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec);

}  // namespace iabn::grouped
