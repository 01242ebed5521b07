// Convolutions of many groups with few channels each, on packed rows (see grouped_engine.h).
#pragma once

#include <memory>
#include <vector>

#include "cpu/convolution/convolution.h"
#include "cpu/convolution/grouped_engine.h"

namespace iabn::grouped {

// How the channels of an image lie in packed blocks: [block][width] → channel, −1 where a lane is not used.
struct Packing {
  std::vector<int32_t> channels;
  int64_t blocks = 0;
  int64_t width = 0;
  int64_t plain = 0;  // packed floats from the first on that hold the channel of their own number

  // The blocks from `first` on.
  PackedRow row(int64_t first, int64_t count, int64_t block_stride, int64_t pixel_stride) const {
    const bool contiguous = (first + count) * width <= plain;
    return {channels.data() + first * width, contiguous, count, width, block_stride, pixel_stride};
  }
};

// The groups of a convolution in blocks. Of each product x·w = y, or its like in the gradients, the source is
// the factor that is permuted or broadcast, the target what lies in the vectors.
struct Blocks {
  bool broadcast;           // one group per block, else as many as the lanes hold
  int64_t lanes;            // of a vector
  int64_t group_lanes = 1;  // of a group (lanes form)
  size_t log2_lanes = 0;    // of group_lanes
  int64_t groups;
  int64_t sources, targets;  // channels of a group
  int64_t vectors;           // of a block's targets
  Packing source, target;

  Blocks(const Engine& engine, int64_t groups, int64_t sources, int64_t targets);

  int64_t count() const { return source.blocks; }
  // A tap's products of a block: [row: permutation or source][lane].
  int64_t tap_rows() const { return broadcast ? sources : group_lanes; }
  int64_t tap_lanes() const { return vectors * lanes; }
  int64_t tap_floats() const { return tap_rows() * tap_lanes(); }
  // visit(row, lane, source channel, target channel), both counted over all groups, for each product that
  // stands for a weight.
  template <class Visit>
  void for_products(int64_t block, const Visit& visit) const;
  // The inner loops for these groups; `lanes` of the targets at once.
  void run(const Row& row, int64_t lanes_at_once) const;
  void run(const Correlation& correlation) const;
  // Blocks that are worked on together: a whole number of cache lines of a pixel.
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

// Throws Refused where oneDNN's kernels are the better ones.
void refuse_unless_faster(const ConvShape& shape, DType dtype, Direction direction);

std::unique_ptr<Kernel> make_forward(const KernelSpec& spec);
std::unique_ptr<Kernel> make_fused(const KernelSpec& spec);  // conv2d_fused
std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec);

}  // namespace iabn::grouped
