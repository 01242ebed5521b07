// dw [target][tap, source] = Σ dy [pixel][target] · gathered rows [pixel][tap, source]: all threads pack a
// block of pixels, then each accumulates its panels of columns. The summation order does not depend on the
// threads.
#include <algorithm>
#include <type_traits>

#include "cpu/convolution/dot_engine.h"
#include "cpu/convolution/gathered_rows.h"
#include "cpu/convolution/gemm.h"
#include "cpu/convolution/product_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn {
namespace gemm {
namespace {

constexpr int64_t kBlockBytes = int64_t{2} << 20;
constexpr int64_t kFewestPixels = 64, kMostPixels = 2048;
constexpr int64_t kMostRows = 28;  // targets whose dy is packed together

IABN_SIMD void interleave(const bf16* even, const bf16* odd, int64_t count, bf16* to) {
  for (int64_t i = 0; i < count; ++i) to[2 * i] = even[i], to[2 * i + 1] = odd[i];
}

// E: elements of the products, float, or bf16 in pairs of pixels where the CPU multiplies them.
template <class E>
class GemmWeights : public Kernel {
  static constexpr bool kPairs = std::is_same_v<E, bf16>;
  static constexpr int64_t kUnit = kPairs ? 2 : 1;  // pixels packed together

 public:
  GemmWeights(const ConvShape& s, DType x, DType dy)
      : product_(product::engine(vector_lanes())),
        s_(s),
        rows_(GatheredRows::forward(s)),
        x_(x),
        dy_(dy),
        panel_(product_.columns()),
        depth_(rows_.depth(phase())),
        padded_(ceil_div(depth_, product_.lanes) * product_.lanes),
        pixels_(rows_.pixels(phase())),
        strip_(ceil_div(s.group_outputs(), ceil_div(s.group_outputs(), kMostRows))),
        threads_(most_threads()) {
    const int64_t fit = kBlockBytes / ((padded_ + s.group_outputs()) * int64_t{sizeof(E)});
    block_ = ceil_div(pixels_, ceil_div(pixels_, std::clamp(fit, kFewestPixels, kMostPixels)));
    block_ = ceil_div(block_, kUnit) * kUnit;
    columns_offset_ = add<E>(block_ * padded_);
    targets_offset_ = add<E>(block_ * strips() * strip_);
    sums_offset_ = add<float>(s.group_outputs() * padded_);
    row_ = std::max(padded_, s.group_outputs());
    buffers_offset_ = add<E>(threads_ * kUnit * row_);
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  std::string implementation() const override {
    return "gemm:" + vector_name(product_.lanes) + (kPairs ? "_bf16" : "");
  }

  void run(const KernelArgs& args) override {
    parallel(threads_, [&](Team& team) {
      for (int64_t group = 0; group < s_.groups; ++group) {
        for (int64_t first = 0; first < pixels_; first += block_) {
          const int64_t count = std::min(block_, pixels_ - first);
          pack(team, args, group, first, count);
          multiply(team, args, count, first > 0);
        }
        unpack(team, args, group);
      }
    });
  }

 private:
  template <class T>
  size_t add(int64_t elements) {
    return workspace_.add(static_cast<size_t>(elements) * sizeof(T));
  }
  template <class T = E>
  static T* at(const KernelArgs& args, size_t offset) {
    return WorkspaceLayout::at<T>(args.workspace, offset);
  }

  const Phase& phase() const { return rows_.phases()[0]; }
  int64_t strips() const { return ceil_div(s_.group_outputs(), strip_); }

  // To [panel of columns][pixel][column] and [strip of targets][pixel][target], or with pairs of pixels
  // together.
  void pack(Team& team, const KernelArgs& args, int64_t group, int64_t first, int64_t count) const {
    E* const rows = at(args, buffers_offset_) + team.thread() * kUnit * row_;
    team.divide(ceil_div(count, kUnit), [&](int64_t unit) {
      const int64_t i = unit * kUnit;
      const int64_t some = std::min(kUnit, count - i);
      if (some < kUnit) std::fill_n(rows, kUnit * row_, E{});
      for (int64_t p = 0; p < some; ++p) std::fill_n(rows + p * row_ + depth_, padded_ - depth_, E{});
      gather(args, group, first + i, some, rows);
      pack_row(rows, padded_, panel_, i, at(args, columns_offset_));
      for (int64_t p = 0; p < some; ++p) {
        read_targets(args, (first + i + p) * s_.o + group * s_.group_outputs(), rows + p * row_);
      }
      pack_row(rows, s_.group_outputs(), strip_, i, at(args, targets_offset_));
    });
  }

  void gather(const KernelArgs& args, int64_t group, int64_t first, int64_t count, E* rows) const {
    if constexpr (kPairs) {
      rows_.gather(args.in<bf16>(0), group, phase(), first, count, rows, row_);
    } else {
      with_data(x_, [&](auto type) {
        using T = typename decltype(type)::type;
        rows_.gather(args.in<T>(0), group, phase(), first, count, rows, row_);
      });
    }
  }

  void read_targets(const KernelArgs& args, int64_t first, E* row) const {
    if constexpr (kPairs) {
      std::copy_n(args.in<bf16>(1) + first, s_.group_outputs(), row);
    } else if (dy_ == DType::f32) {
      std::copy_n(args.in<float>(1) + first, s_.group_outputs(), row);
    } else {
      widen(args.in<bf16>(1) + first, row, s_.group_outputs());
    }
  }

  // A pixel, or a pair of them, to panels of `width` channels.
  void pack_row(const E* rows, int64_t channels, int64_t width, int64_t pixel, E* to) const {
    for (int64_t c = 0; c < channels; c += width) {
      const int64_t some = std::min(width, channels - c);
      E* const panel = to + c * block_ + pixel * some;
      if constexpr (kPairs) {
        interleave(rows + c, rows + row_ + c, some, panel);
      } else {
        std::copy_n(rows + c, some, panel);
      }
    }
  }

  void multiply(Team& team, const KernelArgs& args, int64_t count, bool add) const {
    team.take(ceil_div(padded_, panel_), [&](int64_t panel) {
      const int64_t c = panel * panel_;
      const E* const columns = at(args, columns_offset_) + c * block_;
      const int64_t width = std::min(panel_, padded_ - c), depth = ceil_div(count, kUnit) * kUnit;
      for (int64_t o = 0; o < s_.group_outputs(); o += strip_) {
        const E* const targets = at(args, targets_offset_) + o * block_;
        const int64_t rows = std::min(strip_, s_.group_outputs() - o);
        float* const out = at<float>(args, sums_offset_) + o * padded_ + c;
        if constexpr (kPairs) {
          dot_({targets, 2, 2 * rows, columns, out, padded_, rows, depth, width, add});
        } else {
          product_.product({targets, 1, rows, columns, width, out, padded_, rows, depth, width, add});
        }
      }
    });
  }

  // Sums [target][tap][source] → OIHW.
  void unpack(Team& team, const KernelArgs& args, int64_t group) const {
    const int64_t area = s_.kh * s_.kw, sources = s_.group_inputs();
    team.divide(s_.group_outputs(), [&](int64_t o) {
      const float* from = at<float>(args, sums_offset_) + o * padded_;
      float* const to = args.out<float>(0) + (group * s_.group_outputs() + o) * sources * area;
      for (const AxisTap& row : phase().rows) {
        for (const AxisTap& column : phase().columns) {
          float* const tap = to + row.tap * s_.kw + column.tap;
          for (int64_t source = 0; source < sources; ++source) tap[source * area] = *from++;
        }
      }
    });
  }

  const product::Engine& product_;
  dot::Multiply* dot_ = dot::multiply(vector_lanes());
  ConvShape s_;
  GatheredRows rows_;
  DType x_, dy_;
  int64_t panel_;           // columns that lie together: two vectors
  int64_t depth_, padded_;  // columns, and in whole vectors
  int64_t pixels_;
  int64_t strip_;  // targets
  int threads_;
  int64_t block_ = 0, row_ = 0;  // pixels; floats of a thread's row
  WorkspaceLayout workspace_;
  size_t columns_offset_ = 0, targets_offset_ = 0, sums_offset_ = 0, buffers_offset_ = 0;
};

}  // namespace
}  // namespace gemm

std::unique_ptr<Kernel> make_gemm_weights(const KernelSpec& spec) {
  const ConvShape shape = gemm::shape_of(spec, spec.inputs[0], spec.outputs[0], spec.inputs[1]);
  const DType x = spec.inputs[0].dtype, dy = spec.inputs[1].dtype;
  if (x == DType::bf16 && dy == DType::bf16 && dot::multiply(vector_lanes()) != nullptr)
    return std::make_unique<gemm::GemmWeights<bf16>>(shape, x, dy);
  return std::make_unique<gemm::GemmWeights<float>>(shape, x, dy);
}

}  // namespace iabn
