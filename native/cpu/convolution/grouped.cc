#include "cpu/convolution/grouped.h"

#include <algorithm>
#include <string>

#include "cpu/onednn/onednn.h"

namespace iabn::grouped {
namespace {

constexpr int64_t kTogether = 256;  // floats of a pixel
// Measured against oneDNN 2.6 on a Zen 4. From the first size on, oneDNN's kernels fill their vectors and
// need no packing: at that size ours are 8 to 50% faster for three adjacent columns. From the second on, on
// AVX2, ours are 10 to 35% faster in the forward pass, but not in the others.
constexpr int64_t kWholeVectors = 8;
constexpr int64_t kLargeGroup = 32;

Packing packing(int64_t blocks, int64_t slots, int64_t slot_lanes, int64_t width, int64_t groups,
                int64_t channels) {
  Packing packing;
  packing.blocks = blocks, packing.width = width;
  packing.channels.assign(static_cast<size_t>(blocks * width), -1);
  for (int64_t group = 0; group < groups; ++group) {
    int32_t* lanes = packing.channels.data() + group / slots * width + group % slots * slot_lanes;
    for (int64_t c = 0; c < channels; ++c) lanes[c] = static_cast<int32_t>(group * channels + c);
  }
  const int64_t floats = blocks * width;
  while (packing.plain < floats && packing.channels[static_cast<size_t>(packing.plain)] == packing.plain) {
    ++packing.plain;
  }
  return packing;
}

}  // namespace

Blocks::Blocks(const Engine& chosen, int64_t group_count, int64_t group_sources, int64_t group_targets)
    : engine(chosen),
      broadcast(2 * std::max(group_sources, group_targets) > engine.lanes),
      lanes(engine.lanes),
      groups(group_count),
      sources(group_sources),
      targets(group_targets),
      vectors(broadcast ? (targets + lanes - 1) / lanes : 1) {
  if (broadcast) {
    source = packing(groups, 1, sources, sources, groups, sources);
    target = packing(groups, 1, tap_lanes(), tap_lanes(), groups, targets);
    return;
  }
  while (group_lanes < std::max(sources, targets)) group_lanes *= 2, ++log2_lanes;
  const int64_t slots = lanes / group_lanes, blocks = (groups + slots - 1) / slots;
  source = packing(blocks, slots, group_lanes, lanes, groups, sources);
  target = packing(blocks, slots, group_lanes, lanes, groups, targets);
}

Form Blocks::form(const ConvShape& shape, DType dtype) const {
  if (broadcast || shape.kw != 3 || shape.sw != 1 || shape.dw != 1 || shape.ow < 2) return Form::taps;
  const bool whole = sources == group_lanes && targets == group_lanes && groups * group_lanes % lanes == 0;
  const bool pairs = engine.lanes_row[static_cast<int>(Form::pairs)][log2_lanes] != nullptr;
  return dtype == DType::bf16 && whole && pairs ? Form::pairs : Form::triples;
}

std::string Blocks::implementation(Form form) const {
  if (broadcast) return "grouped, broadcast";
  if (form == Form::taps) return "grouped, lanes";
  return form == Form::triples ? "grouped, triples" : "grouped, pairs";
}

void Blocks::run(const Row& row, Form form, int64_t lanes_at_once) const {
  if (!broadcast) return engine.lanes_row[static_cast<int>(form)][log2_lanes](row);
  engine.broadcast_row[lanes_at_once > lanes ? 1 : 0](row);
}

void Blocks::run(const Correlation& correlation, Form form) const {
  if (!broadcast) return engine.lanes_correlation[static_cast<int>(form)][log2_lanes](correlation);
  engine.broadcast_correlation(correlation);
}

int64_t Blocks::together() const {
  return std::max<int64_t>(1, kTogether / std::max(source.width, target.width));
}

void refuse_unless_faster(const ConvShape& shape, DType dtype, Direction direction) {
  if (shape.groups == 1) throw Refused("the kernels of grouped convolutions require more than one group");
  if (shape.empty()) throw Refused("there is nothing to convolve");
  const int64_t least = std::min(shape.group_inputs(), shape.group_outputs());
  const int64_t most = std::max(shape.group_inputs(), shape.group_outputs());
  if (most == 1 && direction != Direction::weights) {
    throw Refused("depthwise kernels are faster in this direction");
  }
  if (!onednn::linked()) return;
  // oneDNN would need float32 copies of the images.
  if (dtype == DType::bf16 && !onednn::has_bfloat16()) return;
  if (most < kWholeVectors) return;
  const Form form =
      Blocks(engine(), shape.groups, shape.group_inputs(), shape.group_outputs()).form(shape, dtype);
  if (least == kWholeVectors && form == (dtype == DType::bf16 ? Form::pairs : Form::triples)) return;
  if (direction == Direction::forward && least >= kLargeGroup && engine().lanes == 8) return;
  throw Refused("oneDNN is faster for groups of " + std::to_string(shape.group_inputs()) + " to " +
                std::to_string(shape.group_outputs()) + " channels in this direction");
}

}  // namespace iabn::grouped
