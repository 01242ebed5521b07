// y [pixel][target] = gathered rows [pixel][tap, source] · w: a block of pixels at a time, with all panels of
// targets. Results depend neither on the thread that computes a block nor on the size of the blocks.
#include "cpu/convolution/gemm.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "cpu/convolution/dot_engine.h"
#include "cpu/convolution/gathered_rows.h"
#include "cpu/convolution/product_engine.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"
#include "geometry/linear_shape.h"
#include "platform/platform.h"

namespace iabn {
namespace gemm {
namespace {

constexpr int64_t kBlockBytes = int64_t{384} << 10;  // of a thread's rows
constexpr int64_t kFewestPixels = 28, kMostPixels = 112;
constexpr int64_t kTasksOfThread = 4;  // at least, where there is enough to divide
// Rows this far apart, and multiples of it, share the sets of the first-level cache.
constexpr int64_t kSetBytes = 2048;

int64_t in_whole(int64_t count, int64_t unit) { return ceil_div(count, unit) * unit; }

// An odd number of cache lines apart, rows do not share the sets of a cache.
int64_t odd_lines(int64_t bytes) { return (ceil_div(bytes, 64) | 1) * 64; }

template <class T>
IABN_INLINE void end_row(float* sums, int64_t columns, const float* bias, const T* addend,
                         const Activation& activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    IABN_ELEMENTWISE
    for (int64_t i = 0; i < columns; ++i) {
      float sum = sums[i];
      if (bias) sum += bias[i];
      if (addend) sum += load(addend + i);
      sums[i] = phi.forward(sum);
    }
  });
}

IABN_SIMD void end_leaf(float* sums, int64_t columns, const float* bias, const float* addend,
                        const Activation& activation) {
  end_row(sums, columns, bias, addend, activation);
}

IABN_SIMD void end_leaf(float* sums, int64_t columns, const float* bias, const bf16* addend,
                        const Activation& activation) {
  end_row(sums, columns, bias, addend, activation);
}

void store_row(const float* from, float* to, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}
void store_row(const float* from, bf16* to, int64_t count) { narrow(from, to, count); }

// Where weights lie in OIHW order.
struct Filters {
  int64_t group_step, target_step, source_step;  // floats
  int64_t row_step;                              // taps of a row of the window
};

// A block of pixels with some of its panels of targets.
struct Task {
  int64_t group;
  size_t phase;
  int64_t first, count;  // pixels
  int64_t panel_begin, panel_end;
};

// E: elements of the products, float, or bf16 where the CPU multiplies them.
template <class E>
class Gemm : public Kernel {
  static constexpr bool kPairs = std::is_same_v<E, bf16>;
  static constexpr int64_t kSize = sizeof(E);

 public:
  Gemm(const GatheredRows& rows, const Filters& filters, int64_t groups, const ConvolutionEnd& end, DType x,
       DType y, bool constant_weights)
      : product_(product::engine(vector_lanes())),
        rows_(rows),
        filters_(filters),
        groups_(groups),
        end_(end),
        x_(x),
        y_(y),
        kept_(constant_weights),
        panel_(product_.columns()),
        padded_(in_whole(rows.targets(), product_.lanes)),
        panels_(ceil_div(padded_, panel_)),
        threads_(most_threads()) {
    for (const Phase& phase : rows_.phases()) {
      weight_offsets_.push_back(group_weights_);
      group_weights_ += depth(phase) * padded_;
      stride_ = std::max(stride_, odd_lines(depth(phase) * kSize) / kSize);
    }
    in_place_ = (kPairs || x_ == DType::f32) && rows_.in_place() && rows_.sources() % kUnit == 0 &&
                rows_.source_channels() % kUnit == 0 && rows_.source_channels() * kSize % kSetBytes != 0;
    divide();
    if (!kept_) weights_offset_ = workspace_.add(weights_bytes());
    row_bytes_ = in_whole(in_place_ ? 0 : block_ * stride_ * kSize, 64);
    sum_bytes_ = in_whole(block_ * panel_ * int64_t{sizeof(float)}, 64);
    thread_bytes_ = row_bytes_ + sum_bytes_ + in_whole(block_ * int64_t{sizeof(int64_t)}, 64);
    buffers_offset_ = workspace_.add(static_cast<size_t>(thread_bytes_ * threads_));
  }

  size_t workspace_bytes() const override { return workspace_.bytes(); }
  size_t layout_bytes() const override { return kept_ ? weights_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return kept_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  std::string implementation() const override {
    return "gemm:" + vector_name(product_.lanes) + (kPairs ? "_bf16" : "");
  }

  void lay_out(const KernelArgs& args) override {
    parallel(threads_, [&](Team& team) { pack(team, args.in<float>(1), static_cast<E*>(args.layout)); });
  }

  void run(const KernelArgs& args) override {
    E* const weights =
        kept_ ? static_cast<E*>(args.layout) : WorkspaceLayout::at<E>(args.workspace, weights_offset_);
    const int64_t tasks = static_cast<int64_t>(tasks_.size());
    parallel(threads_, [&](Team& team) {
      char* const buffers =
          WorkspaceLayout::at<char>(args.workspace, buffers_offset_) + team.thread() * thread_bytes_;
      if (!kept_) pack(team, args.in<float>(1), weights);
      team.take(tasks, [&](int64_t i) { run_task(args, weights, tasks_[static_cast<size_t>(i)], buffers); });
    });
  }

 private:
  size_t weights_bytes() const { return static_cast<size_t>(groups_ * group_weights_) * sizeof(E); }

  // Of the products: in whole pairs.
  int64_t depth(const Phase& phase) const { return in_whole(rows_.depth(phase), kUnit); }

  void divide() {
    const int64_t fit = kBlockBytes / (stride_ * kSize);
    const int64_t most = std::clamp(fit, kFewestPixels, kMostPixels);
    int64_t blocks = 0;
    for (const Phase& phase : rows_.phases()) blocks += groups_ * ceil_div(rows_.pixels(phase), most);
    const int64_t wanted = threads_ > 1 ? kTasksOfThread * threads_ : 1;
    const int64_t parts = std::min(panels_, ceil_div(wanted, blocks));
    const int64_t panels = ceil_div(panels_, parts);
    for (int64_t group = 0; group < groups_; ++group) {
      for (size_t i = 0; i < rows_.phases().size(); ++i) {
        const int64_t pixels = rows_.pixels(rows_.phases()[i]);
        const int64_t size = ceil_div(pixels, ceil_div(pixels, most));
        block_ = std::max(block_, size);
        for (int64_t first = 0; first < pixels; first += size) {
          for (int64_t panel = 0; panel < panels_; panel += panels) {
            tasks_.push_back(
                {group, i, first, std::min(size, pixels - first), panel, std::min(panels_, panel + panels)});
          }
        }
      }
    }
  }

  int64_t panel_width(int64_t panel) const { return std::min(panel_, padded_ - panel * panel_); }

  // OIHW → [group][phase][panel of targets][tap][source][target].
  void pack(Team& team, const float* w, E* packed) const {
    const int64_t phases = static_cast<int64_t>(rows_.phases().size());
    team.take(groups_ * phases * panels_, [&](int64_t task) {
      const int64_t group = task / panels_ / phases, panel = task % panels_;
      const size_t phase = static_cast<size_t>(task / panels_ % phases);
      const Phase& taps = rows_.phases()[phase];
      pack_panel(w + group * filters_.group_step + panel * panel_ * filters_.target_step, taps, panel,
                 packed + group * group_weights_ + weight_offsets_[phase] + panel * panel_ * depth(taps));
    });
  }

  // [tap, source][target], or with pairs of sources together; zeros after the last target and source.
  void pack_panel(const float* w, const Phase& phase, int64_t panel, E* to) const {
    const int64_t width = panel_width(panel), targets = std::min(width, rows_.targets() - panel * panel_);
    std::fill_n(to, depth(phase) * width, E{});
    int64_t k = 0;
    for (const AxisTap& row : phase.rows) {
      for (const AxisTap& column : phase.columns) {
        const float* const tap = w + row.tap * filters_.row_step + column.tap;
        for (int64_t source = 0; source < rows_.sources(); ++source, ++k) {
          const float* const from = tap + source * filters_.source_step;
          E* const line = to + k / kUnit * kUnit * width + k % kUnit;
          for (int64_t t = 0; t < targets; ++t) store(line + t * kUnit, from[t * filters_.target_step]);
        }
      }
    }
  }

  void run_task(const KernelArgs& args, const E* weights, const Task& task, char* buffers) const {
    const Phase& phase = rows_.phases()[task.phase];
    const E* rows = reinterpret_cast<const E*>(buffers);
    int64_t stride = stride_;
    if (in_place_) {
      stride = rows_.source_channels();
      rows = args.in<E>(0) + task.first * stride + task.group * rows_.sources();
    } else {
      gather(args, phase, task, reinterpret_cast<E*>(buffers));
    }
    int64_t* const places = reinterpret_cast<int64_t*>(buffers + row_bytes_ + sum_bytes_);
    rows_.place(phase, task.first, task.count, places);
    const E* const packed = weights + task.group * group_weights_ + weight_offsets_[task.phase];
    for (int64_t panel = task.panel_begin; panel < task.panel_end; ++panel) {
      const E* const b = packed + panel * panel_ * depth(phase);
      run_panel(args, {rows, stride, b, depth(phase)}, task, panel,
                reinterpret_cast<float*>(buffers + row_bytes_), places);
    }
  }

  void gather(const KernelArgs& args, const Phase& phase, const Task& task, E* to) const {
    if constexpr (kPairs) {
      rows_.gather(args.in<bf16>(0), task.group, phase, task.first, task.count, to, stride_);
    } else {
      with_data(x_, [&](auto type) {
        using T = typename decltype(type)::type;
        rows_.gather(args.in<T>(0), task.group, phase, task.first, task.count, to, stride_);
      });
    }
    const int64_t begin = rows_.depth(phase), end = depth(phase);
    for (int64_t i = 0; begin < end && i < task.count; ++i) to[i * stride_ + begin] = E{};
  }

  struct Factors {
    const E* rows;
    int64_t stride;
    const E* weights;
    int64_t depth;
  };

  void run_panel(const KernelArgs& args, const Factors& factors, const Task& task, int64_t panel, float* sums,
                 const int64_t* places) const {
    const int64_t channel = task.group * rows_.targets() + panel * panel_, width = panel_width(panel);
    const int64_t columns = std::min(width, rows_.targets() - panel * panel_);
    const bool dense = rows_.phases().size() == 1 && columns == width;
    if (y_ == DType::f32 && dense && !end_.any() && factors.depth > 0) {
      float* const out = args.out<float>(0) + places[0] + channel;
      return multiply(factors, task.count, width, out, rows_.outputs());
    }
    multiply(factors, task.count, width, sums, width);
    const float* const bias = end_.bias ? args.in<float>(2) + channel : nullptr;
    with_data(y_, [&](auto type) {
      using T = typename decltype(type)::type;
      for (int64_t i = 0; i < task.count; ++i) {
        const int64_t at = places[i] + channel;
        float* const row = sums + i * width;
        const T* const addend = end_.addend ? args.in<T>(3) + at : nullptr;
        if (end_.any()) end_leaf(row, columns, bias, addend, end_.activation);
        store_row(row, args.out<T>(0) + at, columns);
      }
    });
  }

  void multiply(const Factors& f, int64_t rows, int64_t width, float* out, int64_t out_row) const {
    if (f.depth == 0) {
      std::fill_n(out, rows * width, 0.0f);
    } else if constexpr (kPairs) {
      dot_({f.rows, f.stride, 2, f.weights, out, out_row, rows, f.depth, width, false});
    } else {
      product_.product({f.rows, f.stride, 1, f.weights, width, out, out_row, rows, f.depth, width, false});
    }
  }

  static constexpr int64_t kUnit = kPairs ? 2 : 1;

  const product::Engine& product_;
  dot::Multiply* dot_ = dot::multiply(vector_lanes());
  GatheredRows rows_;
  Filters filters_;
  int64_t groups_;
  ConvolutionEnd end_;
  DType x_, y_;
  bool kept_;
  int64_t panel_;            // targets whose weights lie together: two vectors
  int64_t padded_, panels_;  // targets of a group in whole vectors; panels of them
  int threads_;
  std::vector<int64_t> weight_offsets_;  // of each phase
  int64_t group_weights_ = 0;            // floats
  int64_t stride_ = 0;                   // of gathered rows
  int64_t block_ = 0;                    // pixels, at most
  bool in_place_ = false;
  std::vector<Task> tasks_;
  int64_t row_bytes_ = 0, sum_bytes_ = 0, thread_bytes_ = 0;
  WorkspaceLayout workspace_;
  size_t weights_offset_ = 0, buffers_offset_ = 0;
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, const GatheredRows& rows, const Filters& filters,
                             int64_t groups, const ConvolutionEnd& end, bool constant_weights) {
  const DType x = spec.inputs[0].dtype, y = spec.outputs[0].dtype;
  if (x == DType::bf16 && dot::multiply(vector_lanes()) != nullptr)
    return std::make_unique<Gemm<bf16>>(rows, filters, groups, end, x, y, constant_weights);
  return std::make_unique<Gemm<float>>(rows, filters, groups, end, x, y, constant_weights);
}

}  // namespace

KernelFactory unless_onednn(KernelFactory make, ConvShape (*shape_of)(const KernelSpec&)) {
  return [make = std::move(make), shape_of](const KernelSpec& spec) {
    const std::string wanted = platform::variable("IABN_KERNEL_CHOICE").value_or("");
    const bool asked = spec.choice == "gemm" || wanted.rfind("gemm", 0) == 0;
    // oneDNN's would depend on the number of threads.
    if (onednn::linked() && !asked && !spec.untimed()) throw Refused("oneDNN has products of its own");
    const ConvShape s = shape_of(spec);
    if (onednn::linked() && spec.untimed() && s.groups > 1 && s.groups == s.c)
      throw Refused("depthwise convolutions have kernels of their own");
    return make(spec);
  };
}

ConvShape shape_of(const KernelSpec& spec, const TensorDesc& x, const TensorDesc& w, const TensorDesc& y) {
  if (x.elements() == 0 || w.elements() == 0 || y.elements() == 0)
    throw Refused("there is nothing to multiply");
  if (x.rank() != 2) return ConvShape::from(spec.attrs, x, w, y);
  const LinearShape s = LinearShape::from(x, w, y);
  return {s.rows, s.inputs, 1, 1, s.outputs, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1};
}

}  // namespace gemm

std::unique_ptr<Kernel> make_gemm(const KernelSpec& spec) {
  const ConvShape s = gemm::shape_of(spec, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  const int64_t area = s.kh * s.kw, inputs = s.group_inputs();
  const gemm::Filters filters{s.group_outputs() * inputs * area, inputs * area, area, s.kw};
  return gemm::make(spec, gemm::GatheredRows::forward(s), filters, s.groups, ConvolutionEnd::of(spec),
                    spec.constant(1));
}

std::unique_ptr<Kernel> make_gemm_data(const KernelSpec& spec) {
  const ConvShape s = gemm::shape_of(spec, spec.outputs[0], spec.inputs[1], spec.inputs[0]);
  const int64_t area = s.kh * s.kw, inputs = s.group_inputs();
  const gemm::Filters filters{s.group_outputs() * inputs * area, area, inputs * area, s.kw};
  return gemm::make(spec, gemm::GatheredRows::backward_data(s), filters, s.groups, {}, false);
}

}  // namespace iabn
