// Backward-weights of convolutions with small groups: for each tap, products of dy and x summed over pixels.
//
// Bands of x (padded) and dy are packed. A band's sums are float32 in registers, sums over bands float64 in
// the workspace. Bands are assigned to chunks by the shape alone, and the chunks' sums are added in order
// (see parallel.h).
#include <algorithm>
#include <type_traits>

#include "cpu/convolution/grouped.h"
#include "cpu/loops/threads.h"

namespace iabn::grouped {
namespace {

constexpr int64_t kBandBytes = 384 * 1024;  // of packed rows of x per thread
constexpr int64_t kBandPixels = 512;        // of dy whose products are summed in float32
constexpr int64_t kTasks = 32;              // at least, where there are as many bands

class GroupedWeights : public Kernel {
 public:
  GroupedWeights(const ConvShape& shape, DType dtype)
      : shape_(shape),
        dtype_(dtype),
        blocks_(engine(), shape.groups, shape.group_outputs(), shape.group_inputs()),
        form_(blocks_.form(shape, dtype)),
        threads_(most_threads()),
        // Pairs of columns gain more from the cache than from whole pixels.
        together_(std::min(blocks_.together() / (form_ == Form::pairs ? 2 : 1), blocks_.count())),
        parts_((blocks_.count() + together_ - 1) / together_),
        packed_columns_((shape.ow - 1) * shape.sw + (shape.kw - 1) * shape.dw + 1) {
    choose_band();
    bands_ = (shape_.oh + band_ - 1) / band_;
    chunks_ = std::clamp<int64_t>((kTasks + parts_ - 1) / parts_, 1, shape_.n * bands_);
    plan_workspace();
  }

  size_t workspace_bytes() const override { return layout_.bytes(); }
  std::string implementation() const override { return blocks_.implementation(form_); }

  void run(const KernelArgs& args) override {
    const int64_t tasks = chunks_ * parts_;
    parallel(threads_, [&](Team& team) {
      team.divide(tasks, [&](int64_t task) {
        if (dtype_ == DType::f32) {
          run_task<float>(task, args, team.thread());
        } else {
          run_task<bf16>(task, args, team.thread());
        }
      });
      team.divide(blocks_.count(), [&](int64_t block) {
        add_chunks(block, WorkspaceLayout::at<double>(args.workspace, sums_), args.out<float>(0));
      });
    });
  }

 private:
  int64_t taps() const { return shape_.kh * shape_.kw; }
  int64_t block_sums() const { return taps() * blocks_.tap_floats(); }
  int64_t packed_dy_columns() const { return form_ == Form::pairs ? (shape_.ow + 1) / 2 : shape_.ow; }
  // Rows of x that `band` rows of dy need.
  int64_t rows_of(int64_t band) const { return (band - 1) * shape_.sh + (shape_.kh - 1) * shape_.dh + 1; }

  void choose_band() {
    const int64_t row_bytes = packed_columns_ * together_ * blocks_.target.width * 4;
    for (int64_t bands = 1;; ++bands) {
      band_ = (shape_.oh + bands - 1) / bands;
      const bool fits = rows_of(band_) * row_bytes <= kBandBytes && band_ * shape_.ow <= kBandPixels;
      if (fits || band_ == 1) return;
    }
  }

  void plan_workspace() {
    sums_ = layout_.add(static_cast<size_t>(chunks_ * blocks_.count() * block_sums()) * sizeof(double));
    x_floats_ = rows_of(band_) * packed_columns_ * blocks_.target.width;
    dy_floats_ = band_ * packed_dy_columns() * blocks_.source.width;
    WorkspaceLayout own;
    x_ = own.add(static_cast<size_t>(together_ * x_floats_) * sizeof(float));
    dy_ = own.add(static_cast<size_t>(together_ * dy_floats_) * sizeof(float));
    thread_bytes_ = own.bytes();
    thread_ = layout_.add(thread_bytes_ * static_cast<size_t>(threads_));
    for (int64_t tap = 0; tap < taps(); ++tap) {
      const int64_t row = tap / shape_.kw * shape_.dh, column = tap % shape_.kw * shape_.dw;
      for (int64_t v = 0; v < blocks_.vectors; ++v) {
        offsets_.push_back((row * packed_columns_ + column) * blocks_.target.width + v * blocks_.lanes);
      }
    }
  }

  // A row of x, or of dy.
  template <class T>
  void pack(const PackedRow& row, const Columns& columns, const T* from, float* to) const {
    if constexpr (std::is_same_v<T, bf16>) {
      if (form_ == Form::pairs) return blocks_.engine.pack_columns(row, columns, from, to);
    }
    const int64_t begin = std::min(columns.before, columns.packed);
    const int64_t end = std::clamp(columns.before + columns.count, begin, columns.packed);
    blocks_.engine.of<T>().pack(row, nullptr, to, begin);
    blocks_.engine.of<T>().pack(row, from, to + begin * row.width, end - begin);
    blocks_.engine.of<T>().pack(row, nullptr, to + end * row.width, columns.packed - end);
  }

  template <class T>
  void pack_x(int64_t image, int64_t first_row, int64_t rows, int64_t first_block, int64_t blocks, const T* x,
              float* to) const {
    const PackedRow row = blocks_.target.row(first_block, blocks, x_floats_, shape_.c);
    const Columns columns{shape_.pw, shape_.w, 1, packed_columns_};
    for (int64_t y = first_row; y < first_row + rows; ++y, to += packed_columns_ * row.width) {
      if (y < 0 || y >= shape_.h) {
        blocks_.engine.of<T>().pack(row, nullptr, to, packed_columns_);
      } else {
        pack(row, columns, x + (image * shape_.h + y) * shape_.w * shape_.c, to);
      }
    }
  }

  template <class T>
  void pack_dy(int64_t image, int64_t first_row, int64_t rows, int64_t first_block, int64_t blocks,
               const T* dy, float* to) const {
    const PackedRow row = blocks_.source.row(first_block, blocks, dy_floats_, shape_.o);
    const Columns columns{0, shape_.ow, form_ == Form::pairs ? 2 : 1, packed_dy_columns()};
    for (int64_t y = first_row; y < first_row + rows; ++y, to += columns.packed * row.width) {
      pack(row, columns, dy + (image * shape_.oh + y) * shape_.ow * shape_.o, to);
    }
  }

  template <class T>
  void run_task(int64_t task, const KernelArgs& args, int64_t thread) const {
    const int64_t chunk = task / parts_, first_block = task % parts_ * together_;
    const int64_t blocks = std::min(together_, blocks_.count() - first_block);
    double* sums = WorkspaceLayout::at<double>(args.workspace, sums_) +
                   (chunk * blocks_.count() + first_block) * block_sums();
    std::fill(sums, sums + blocks * block_sums(), 0.0);
    void* own = WorkspaceLayout::at(args.workspace, thread_ + thread_bytes_ * static_cast<size_t>(thread));
    float* x = WorkspaceLayout::at<float>(own, x_);
    float* dy = WorkspaceLayout::at<float>(own, dy_);
    const int64_t all = shape_.n * bands_;
    for (int64_t band = all * chunk / chunks_; band < all * (chunk + 1) / chunks_; ++band) {
      const int64_t image = band / bands_, first = band % bands_ * band_;
      const int64_t rows = std::min(band_, shape_.oh - first);
      pack_x(image, first * shape_.sh - shape_.ph, rows_of(rows), first_block, blocks, args.in<T>(0), x);
      pack_dy(image, first, rows, first_block, blocks, args.in<T>(1), dy);
      for (int64_t b = 0; b < blocks; ++b)
        correlate(x + b * x_floats_, dy + b * dy_floats_, rows, sums + b * block_sums());
    }
  }

  void correlate(const float* x, const float* dy, int64_t rows, double* sums) const {
    const int64_t source = blocks_.source.width, target = blocks_.target.width;
    blocks_.run(Correlation{dy, x, rows, shape_.ow, packed_dy_columns() * source, source,
                            packed_columns_ * shape_.sh * target, shape_.sw * target, offsets_.data(), taps(),
                            blocks_.sources, blocks_.vectors, sums},
                form_);
  }

  void add_chunks(int64_t block, double* sums, float* dw) const {
    double* first = sums + block * block_sums();
    const int64_t count = block_sums();
    for (int64_t chunk = 1; chunk < chunks_; ++chunk) {
      const double* more = first + chunk * blocks_.count() * count;
      for (int64_t i = 0; i < count; ++i) first[i] += more[i];
    }
    blocks_.for_products(block, [&](int64_t row, int64_t lane, int64_t o, int64_t c) {
      float* to = dw + (o * shape_.group_inputs() + c % shape_.group_inputs()) * taps();
      const double* from = first + row * blocks_.tap_lanes() + lane;
      for (int64_t tap = 0; tap < taps(); ++tap)
        to[tap] = static_cast<float>(from[tap * blocks_.tap_floats()]);
    });
  }

  ConvShape shape_;
  DType dtype_;
  Blocks blocks_;
  Form form_;
  int threads_;
  int64_t together_, parts_;  // blocks of a task, tasks of a chunk
  int64_t packed_columns_;
  int64_t band_ = 1, bands_ = 1, chunks_ = 1;  // rows of dy in a band, bands of an image
  int64_t x_floats_ = 0, dy_floats_ = 0;       // of a block's packed band
  std::vector<int64_t> offsets_;               // of each tap's vectors in a packed band of x
  WorkspaceLayout layout_;
  size_t sums_ = 0, thread_ = 0, thread_bytes_ = 0;
  size_t x_ = 0, dy_ = 0;  // within a thread's part
};

}  // namespace

std::unique_ptr<Kernel> make_backward_weights(const KernelSpec& spec) {
  const ConvShape shape = ConvShape::backward_weights(spec);
  const DType dtype = spec.inputs[0].dtype;
  refuse_unless_faster(shape, dtype, Direction::weights);
  return std::make_unique<GroupedWeights>(shape, dtype);
}

}  // namespace iabn::grouped
