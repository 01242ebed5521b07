// Grouped convolutions, forward (with an optional epilogue) and backward-data. Both sum source rows over taps
// for every output row. With a stride, the rows and columns of dx fall into phases, each with its own taps.
//
// Source rows are packed band by band (zero-padded; bfloat16 widened, or in pairs of channels). The
// micro-kernels then need not handle the image's edges, nor its pitch, at which pixels would compete for the
// same cache sets.
#include <algorithm>
#include <type_traits>

#include "cpu/convolution/axis.h"
#include "cpu/convolution/grouped.h"
#include "cpu/loops/threads.h"
#include "cpu/ops/activation.h"

namespace iabn::grouped {
namespace {

constexpr int64_t kBandBytes = 384 * 1024;  // of packed source rows per thread: they stay in the second level

struct Image {
  int64_t height, width, channels;
};

struct Plan {
  int64_t images;
  Image source, target;
  Axis rows, columns;
  bool forward;
};

// A packed row of a block; addend may be null.
IABN_SIMD void finish_leaf(float* out, const float* bias, const float* addend, int64_t columns, int64_t lanes,
                           Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t at = 0; at < columns * lanes; at += lanes) {
      if (addend != nullptr) {
        for (int64_t l = 0; l < lanes; ++l) out[at + l] = phi.forward(out[at + l] + bias[l] + addend[at + l]);
      } else {
        for (int64_t l = 0; l < lanes; ++l) out[at + l] = phi.forward(out[at + l] + bias[l]);
      }
    }
  });
}

class GroupedConvolution : public Kernel {
 public:
  GroupedConvolution(Plan plan, const ConvShape& shape, DType dtype, const ConvolutionEnd& end, bool constant)
      : plan_(std::move(plan)),
        shape_(shape),
        dtype_(dtype),
        end_(end),
        constant_(constant),
        blocks_(engine(), shape.groups, plan_.forward ? shape.group_inputs() : shape.group_outputs(),
                plan_.forward ? shape.group_outputs() : shape.group_inputs()),
        form_(blocks_.form(shape, dtype)),
        tap_rows_(form_ == Form::pairs ? blocks_.tap_rows() / 2 : blocks_.tap_rows()),
        threads_(most_threads()) {
    if (form_ != Form::taps) sort_by_offset(plan_.columns.taps[0]);
    plan_.columns.reach(0, plan_.target.width, low_, high_);
    low_ = std::min(low_, high_ + 1);
    packed_columns_ = high_ - low_ + 1;
    together_ = std::min(blocks_.together(), blocks_.count());
    choose_band();
    lay_out();
  }

  size_t workspace_bytes() const override { return layout_.bytes(); }
  std::string implementation() const override { return blocks_.implementation(form_); }

  size_t layout_bytes() const override { return constant_ ? weights_bytes() : 0; }
  std::vector<size_t> laid_out_inputs() const override {
    return constant_ ? std::vector<size_t>{1} : std::vector<size_t>{};
  }
  void lay_out(const KernelArgs& args) override { lay_out_weights(args.in<float>(1), weights(args)); }

  void run(const KernelArgs& args) override {
    if (!constant_) lay_out(args);
    if (end_.any()) lay_out_bias(args);
    const int64_t bands = (plan_.target.height + band_ - 1) / band_;
    const int64_t parts = (blocks_.count() + together_ - 1) / together_;
    const int64_t tasks = plan_.images * bands * parts;
    const auto job_of = [&](int64_t task) {
      const int64_t first = task % parts * together_, row = task / parts % bands * band_;
      return Job{task / parts / bands, row, std::min(band_, plan_.target.height - row), first,
                 std::min(together_, blocks_.count() - first)};
    };
    parallel_divide(threads_, tasks, [&](int64_t task, int thread) {
      const Job job = job_of(task), next = job_of(std::min(task + 1, tasks - 1));
      if (dtype_ == DType::f32) {
        run_job<float>(job, next, args, thread);
      } else {
        run_job<bf16>(job, next, args, thread);
      }
    });
  }

 private:
  size_t weights_bytes() const {
    return static_cast<size_t>(blocks_.count() * block_weights()) * sizeof(float);
  }
  int64_t block_weights() const { return shape_.kh * shape_.kw * tap_rows_ * blocks_.tap_lanes(); }
  float* weights(const KernelArgs& args) const {
    return constant_ ? static_cast<float*>(args.layout)
                     : WorkspaceLayout::at<float>(args.workspace, weights_);
  }

  // A band of output rows, for some blocks of one image.
  struct Job {
    int64_t image, first_row, rows, first_block, blocks;
  };

  // A source row of the next job, fetched to the second level while a row of this one is summed.
  struct Ahead {
    const char* row;
    int64_t pixels, pixel_bytes, block_bytes;

    void fetch(int64_t block) const {
      if (block * block_bytes % 64 != 0) return;  // the block before shares its cache lines
      for (int64_t i = 0; i < pixels; ++i) {
        __builtin_prefetch(row + i * pixel_bytes + block * block_bytes, 0, 2);
      }
    }
  };

  // The first source row of a job that those before it have not read.
  int64_t first_unread(const Job& job) const {
    int64_t low = 0;
    const int64_t rows = source_rows(job.first_row, job.first_row + job.rows, low);
    return low + std::max<int64_t>(0, rows - job.rows);
  }

  template <class T>
  Ahead ahead_of(const Job& next, int64_t row, const T* sources) const {
    const Image& image = plan_.source;
    const int64_t y = std::min(row, image.height - 1);
    const int32_t channel =
        blocks_.source.channels[static_cast<size_t>(next.first_block * blocks_.source.width)];
    const T* from = sources + (next.image * image.height + y) * image.width * image.channels + channel;
    return {reinterpret_cast<const char*>(from), image.width, image.channels * int64_t{sizeof(T)},
            blocks_.source.width * int64_t{sizeof(T)}};
  }

  int64_t source_rows(int64_t begin, int64_t end, int64_t& low) const {
    int64_t high = -1;
    low = plan_.source.height;
    plan_.rows.reach(begin, end, low, high);
    low = std::max<int64_t>(low, 0);
    return std::max<int64_t>(0, std::min(high, plan_.source.height - 1) - low + 1);
  }

  // As many rows as their sources fit, in bands of similar size.
  void choose_band() {
    const int64_t row_bytes = packed_columns_ * together_ * blocks_.source.width * 4;
    const auto most = [&](int64_t band) {
      int64_t rows = 0, low = 0;
      for (int64_t y = 0; y < plan_.target.height; y += band) {
        rows = std::max(rows, source_rows(y, std::min(y + band, plan_.target.height), low));
      }
      return rows;
    };
    for (int64_t bands = 1;; ++bands) {
      band_ = (plan_.target.height + bands - 1) / bands;
      band_rows_ = most(band_);
      if (band_ == 1 || band_rows_ * row_bytes <= kBandBytes) return;
    }
  }

  void lay_out() {
    const int64_t taps = shape_.kh * shape_.kw;
    const auto bytes = [](int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); };
    if (!constant_) weights_ = layout_.add(weights_bytes());
    if (end_.any()) bias_ = layout_.add(bytes(blocks_.count() * blocks_.tap_lanes()));
    block_floats_ = band_rows_ * packed_columns_ * blocks_.source.width;
    row_floats_ = (plan_.target.width + kSlackColumns * plan_.columns.phases()) * blocks_.tap_lanes();
    WorkspaceLayout own;
    taps_ = own.add(static_cast<size_t>(taps) * sizeof(Tap));
    packed_ =
        own.add(bytes(together_ * block_floats_ + kSlackColumns * plan_.columns.step * blocks_.source.width));
    row_ = own.add(bytes(together_ * row_floats_));
    if (end_.addend) addend_ = own.add(bytes(together_ * row_floats_));
    thread_bytes_ = own.bytes();
    thread_ = layout_.add(thread_bytes_ * static_cast<size_t>(threads_));
  }

  // Lanes: [block][tap][permutation][lane]. Broadcast: [block][pair of vectors][tap][source][lane].
  void lay_out_weights(const float* w, float* to) const {
    const int64_t taps = shape_.kh * shape_.kw, wide = blocks_.tap_lanes(), pair = 2 * blocks_.lanes;
    const int64_t inputs = shape_.group_inputs();
    parallel_divide(threads_, blocks_.count(), [&](int64_t block, int) {
      float* own = to + block * block_weights();
      std::fill(own, own + block_weights(), 0.0f);
      blocks_.for_products(block, [&](int64_t row, int64_t lane, int64_t source, int64_t target) {
        const int64_t first = lane / pair * pair, lanes = std::min(pair, wide - first);
        const int64_t o = plan_.forward ? target : source, i = (plan_.forward ? source : target) % inputs;
        const float* from = w + (o * inputs + i) * taps;
        if (form_ == Form::pairs) return lay_out_halves(from, own, lane, source, target);
        float* at = own + first * taps * tap_rows_ + row * lanes + lane - first;
        for (int64_t tap = 0; tap < taps; ++tap) at[tap * tap_rows_ * lanes] = from[tap];
      });
    });
  }

  // [tap][permutation of the pairs of sources][lane][source of the pair]
  void lay_out_halves(const float* from, float* to, int64_t lane, int64_t source, int64_t target) const {
    const int64_t pair = source % blocks_.sources / 2, row = pair ^ target % tap_rows_;
    bf16* at = reinterpret_cast<bf16*>(to) + 2 * (row * blocks_.lanes + lane) + source % 2;
    for (int64_t tap = 0; tap < shape_.kh * shape_.kw; ++tap) {
      store(at + 2 * tap * tap_rows_ * blocks_.lanes, from[tap]);
    }
  }

  template <class T>
  void pack(const Job& job, const T* source, int64_t low, int64_t rows, float* packed) const {
    const Image& image = plan_.source;
    const PackedRow row = blocks_.source.row(job.first_block, job.blocks, block_floats_, image.channels);
    const int64_t begin = std::clamp<int64_t>(0, low_, high_ + 1);
    const int64_t end = std::clamp<int64_t>(image.width, begin, high_ + 1);
    for (int64_t y = 0; y < rows; ++y) {
      float* to = packed + y * packed_columns_ * row.width;
      const T* from = source + ((job.image * image.height + low + y) * image.width + begin) * image.channels;
      const auto column = [&](int64_t x) { return to + (x - low_) * row.width; };
      blocks_.engine.of<T>().pack(row, nullptr, to, begin - low_);
      pack_columns(row, from, column(begin), end - begin);
      blocks_.engine.of<T>().pack(row, nullptr, column(end), high_ + 1 - end);
    }
  }

  template <class T>
  void pack_columns(const PackedRow& row, const T* from, float* to, int64_t count) const {
    if constexpr (std::is_same_v<T, bf16>) {
      if (form_ == Form::pairs) return blocks_.engine.pack_pairs(row, blocks_.group_lanes, from, to, count);
    }
    blocks_.engine.of<T>().pack(row, from, to, count);
  }

  template <class T>
  void run_job(const Job& job, const Job& next, const KernelArgs& args, int64_t thread) const {
    void* own = WorkspaceLayout::at(args.workspace, thread_ + thread_bytes_ * static_cast<size_t>(thread));
    float* packed = WorkspaceLayout::at<float>(own, packed_);
    float* out = WorkspaceLayout::at<float>(own, row_);
    const Image& target = plan_.target;
    const int64_t end = job.first_row + job.rows;
    int64_t low = 0;
    const int64_t rows = source_rows(job.first_row, end, low), unread = first_unread(next);
    pack(job, args.in<T>(0), low, rows, packed);
    for (int64_t y = job.first_row; y < end; ++y) {
      const Ahead ahead = ahead_of(next, unread + y - job.first_row, args.in<T>(0));
      for (int64_t phase = 0; phase < plan_.columns.phases(); ++phase) {
        run_row(job, ahead, y, low, phase, packed, weights(args) + job.first_block * block_weights(),
                WorkspaceLayout::at<Tap>(own, taps_), out);
      }
      const int64_t at = (job.image * target.height + y) * target.width * target.channels;
      if (end_.any()) finish<T>(job, args, at, out, WorkspaceLayout::at<float>(own, addend_));
      blocks_.engine.of<T>().unpack(layout(job), out, args.out<T>(0) + at, target.width);
    }
  }

  PackedRow layout(const Job& job) const {
    return blocks_.target.row(job.first_block, job.blocks, row_floats_, plan_.target.channels);
  }

  void lay_out_bias(const KernelArgs& args) const {
    float* to = WorkspaceLayout::at<float>(args.workspace, bias_);
    const std::vector<int32_t>& channels = blocks_.target.channels;
    for (size_t i = 0; i < channels.size(); ++i) {
      to[i] = end_.bias && channels[i] >= 0 ? args.in<float>(2)[channels[i]] : 0.0f;
    }
  }

  // Applies the epilogue to the image row that starts at element `at`.
  template <class T>
  void finish(const Job& job, const KernelArgs& args, int64_t at, float* out, float* addend) const {
    const int64_t columns = plan_.target.width, wide = blocks_.tap_lanes();
    const float* bias = WorkspaceLayout::at<float>(args.workspace, bias_) + job.first_block * wide;
    if (end_.addend) blocks_.engine.of<T>().pack(layout(job), args.in<T>(3) + at, addend, columns);
    for (int64_t b = 0; b < job.blocks; ++b) {
      finish_leaf(out + b * row_floats_, bias + b * wide, end_.addend ? addend + b * row_floats_ : nullptr,
                  columns, wide, end_.activation);
    }
  }

  // The columns of one phase of row y; x holds source rows from `low` on.
  void run_row(const Job& job, const Ahead& ahead, int64_t y, int64_t low, int64_t phase, const float* x,
               const float* weights, Tap* taps, float* out) const {
    const int64_t width = blocks_.source.width, wide = blocks_.tap_lanes();
    const int64_t row_phase = y % plan_.rows.phases(), first = y / plan_.rows.phases() * plan_.rows.step;
    for (int64_t lane = 0; lane < wide; lane += 2 * blocks_.lanes) {
      const int64_t lanes = std::min(2 * blocks_.lanes, wide - lane);
      int64_t count = 0;
      for (const AxisTap& down : plan_.rows.taps[static_cast<size_t>(row_phase)]) {
        const int64_t source = first + down.offset;
        if (source < 0 || source >= plan_.source.height) continue;
        for (const AxisTap& right : plan_.columns.taps[static_cast<size_t>(phase)]) {
          const int64_t tap = down.tap * shape_.kw + right.tap;
          taps[count++] = {((source - low) * packed_columns_ + right.offset - low_) * width,
                           tap * tap_rows_ * lanes};
        }
      }
      Row row{x,
              weights,
              taps,
              count,
              plan_.columns.outputs(phase, plan_.target.width),
              plan_.columns.step * width,
              blocks_.sources,
              out + phase * wide + lane,
              plan_.columns.phases() * wide};
      for (int64_t b = 0; b < job.blocks; ++b) {
        blocks_.run(row, form_, lanes);
        if (phase == 0 && lane == 0) ahead.fetch(b);
        row.x += block_floats_, row.w += block_weights(), row.out += row_floats_;
      }
      weights += shape_.kh * shape_.kw * tap_rows_ * lanes;
    }
  }

  Plan plan_;
  ConvShape shape_;
  DType dtype_;
  ConvolutionEnd end_;
  bool constant_;  // the weights: they are laid out ahead of the runs
  Blocks blocks_;
  Form form_;
  int64_t tap_rows_;  // of weights
  int threads_;
  int64_t low_ = 0, high_ = -1, packed_columns_ = 0;  // source columns that are packed
  int64_t together_ = 1, band_ = 1, band_rows_ = 0;
  int64_t block_floats_ = 0, row_floats_ = 0;  // of a block's packed band and output row
  WorkspaceLayout layout_;
  size_t weights_ = 0, bias_ = 0, thread_ = 0, thread_bytes_ = 0;
  size_t taps_ = 0, packed_ = 0, row_ = 0, addend_ = 0;  // within a thread's part
};

}  // namespace

std::unique_ptr<Kernel> make_forward(const KernelSpec& spec) {
  const ConvShape s = ConvShape::forward(spec);
  const DType dtype = spec.inputs[0].dtype;
  refuse_unless_faster(s, dtype, Direction::forward);
  Plan plan{s.n, {s.h, s.w, s.c}, {s.oh, s.ow, s.o}, {}, {}, true};
  plan.rows = Axis::forward(s.kh, s.sh, s.ph, s.dh);
  plan.columns = Axis::forward(s.kw, s.sw, s.pw, s.dw);
  return std::make_unique<GroupedConvolution>(plan, s, dtype, ConvolutionEnd::of(spec), spec.constant(1));
}

std::unique_ptr<Kernel> make_backward_data(const KernelSpec& spec) {
  const ConvShape s = ConvShape::backward_data(spec);
  const DType dtype = spec.inputs[0].dtype;
  refuse_unless_faster(s, dtype, Direction::data);
  Plan plan{s.n, {s.oh, s.ow, s.o}, {s.h, s.w, s.c}, {}, {}, false};
  plan.rows = Axis::backward(s.kh, s.sh, s.ph, s.dh);
  plan.columns = Axis::backward(s.kw, s.sw, s.pw, s.dw);
  return std::make_unique<GroupedConvolution>(plan, s, dtype, ConvolutionEnd{}, spec.constant(1));
}

}  // namespace iabn::grouped
