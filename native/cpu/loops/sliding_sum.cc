// A line is split into blocks as long as the window, k. The window that starts r positions into block b is
//
//   Σ = suffix_b[r] + prefix_{b+1}[r]
//   suffix_b[r]: from r to the end of block b    prefix_b[r]: the first r of block b
//
// (van Herk's decomposition, 1992, with sums instead of maxima), along the row first, then along the column.
// Nothing is ever subtracted, so no NaN, infinity or rounding error outlives the windows that contain it, and
// all terms belong to the window. At most k_h + k_w − 2 float32 additions depend on each other, where a
// direct sum has k_h·k_w − 1, so float64 is not needed for the same accuracy.
//
// A task is kLanes channels of an image; its workspace is k_h rows of those channels.
#include "cpu/loops/sliding_sum.h"

#include <algorithm>

#include "cpu/loops/data.h"
#include "cpu/loops/threads.h"
#include "cpu/simd/simd.h"

namespace iabn {
namespace {

constexpr int64_t kLanes = 32;
// Prefetch distance in pixels, which are too far apart for the hardware prefetcher.
constexpr int64_t kAhead = 12;

// Some channels of a row of pixels of a data tensor.
template <class T>
struct Pixels {
  T* data;
  int64_t pitch;
  int64_t channels;  // at most kLanes
};

IABN_INLINE float divisor_of(int64_t row, int64_t column) {
  const int64_t count = row * column;
  return static_cast<float>(count > 1 ? count : 1);
}

// line [length, kLanes] = the sources at their positions, zeros elsewhere; divided unless columns is null.
template <class T>
IABN_INLINE void read_line(const Pixels<const T>& from, const SlidingAxis& axis, int64_t row,
                           const int64_t* columns, float* line) {
  const int64_t length = axis.length();
  for (int64_t i = 0; i < length * kLanes; ++i) line[i] = 0;
  for (int64_t i = 0; i < axis.sources; ++i) {
    const int64_t place = i * axis.spread + axis.offset;
    if (place < 0 || place >= length) continue;
    const T* pixel = from.data + i * from.pitch;
    float* to = line + place * kLanes;
    const T* ahead = from.data + (i + kAhead < axis.sources ? i + kAhead : i) * from.pitch;
    for (int64_t l = 0; l < from.channels; l += 64 / static_cast<int64_t>(sizeof(T)))
      __builtin_prefetch(ahead + l);
    if (from.channels == kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) to[l] = load(pixel + l);
    } else {
      for (int64_t l = 0; l < from.channels; ++l) to[l] = load(pixel + l);
    }
    if (columns == nullptr) continue;
    const float divisor = divisor_of(row, columns[i]);
    for (int64_t l = 0; l < kLanes; ++l) to[l] /= divisor;
  }
}

IABN_SIMD void read_leaf(const Pixels<const float>& from, const SlidingAxis& axis, int64_t row,
                         const int64_t* columns, float* line) {
  read_line(from, axis, row, columns, line);
}

IABN_SIMD void read_leaf(const Pixels<const bf16>& from, const SlidingAxis& axis, int64_t row,
                         const int64_t* columns, float* line) {
  read_line(from, axis, row, columns, line);
}

// sums [targets, kLanes] over the windows of a line, which is overwritten.
IABN_SIMD void slide_line(float* line, const SlidingAxis& axis, float* sums) {
  for (int64_t first = 0; first < axis.starts(); first += axis.window) {
    float* block = line + first * kLanes;
    float suffix[kLanes] = {}, prefix[kLanes] = {};
    for (int64_t i = axis.window - 1; i >= 0; --i) {
      for (int64_t l = 0; l < kLanes; ++l) block[i * kLanes + l] = suffix[l] += block[i * kLanes + l];
    }
    const float* next = block + axis.window * kLanes;
    const int64_t rest = axis.starts() - first, count = rest < axis.window ? rest : axis.window;
    for (int64_t r = 0, wait = (axis.step - first % axis.step) % axis.step; r < count; ++r, --wait) {
      if (r > 0) {
        for (int64_t l = 0; l < kLanes; ++l) prefix[l] += next[(r - 1) * kLanes + l];
      }
      if (wait > 0) continue;
      wait = axis.step;
      for (int64_t l = 0; l < kLanes; ++l) sums[l] = block[r * kLanes + l] + prefix[l];
      sums += kLanes;
    }
  }
}

IABN_SIMD void add_rows(float* __restrict into, const float* __restrict from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) into[i] += from[i];
}

// A row of targets: (suffix + prefix) / divisor; not divided if columns is null.
template <class T>
IABN_INLINE void write_row(const float* suffix, const float* prefix, int64_t targets, int64_t row,
                           const int64_t* columns, const Pixels<T>& to) {
  for (int64_t i = 0; i < targets; ++i) {
    float sum[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) sum[l] = suffix[i * kLanes + l] + prefix[i * kLanes + l];
    if (columns != nullptr) {
      const float divisor = divisor_of(row, columns[i]);
      for (int64_t l = 0; l < kLanes; ++l) sum[l] /= divisor;
    }
    T* pixel = to.data + i * to.pitch;
    if (to.channels == kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) store(pixel + l, sum[l]);
    } else {
      for (int64_t l = 0; l < to.channels; ++l) store(pixel + l, sum[l]);
    }
  }
}

IABN_SIMD void write_leaf(const float* suffix, const float* prefix, int64_t targets, int64_t row,
                          const int64_t* columns, const Pixels<float>& to) {
  write_row(suffix, prefix, targets, row, columns, to);
}

IABN_SIMD void write_leaf(const float* suffix, const float* prefix, int64_t targets, int64_t row,
                          const int64_t* columns, const Pixels<bf16>& to) {
  write_row(suffix, prefix, targets, row, columns, to);
}

class SlidingSumKernel final : public Kernel {
 public:
  explicit SlidingSumKernel(SlidingSum sum)
      : s_(std::move(sum)),
        blocks_((s_.channels + kLanes - 1) / kLanes),
        tasks_(s_.images * blocks_),
        threads_(static_cast<int>(std::clamp<int64_t>(tasks_, 1, most_threads()))),
        row_(s_.columns.targets * kLanes),
        thread_floats_(s_.columns.length() * kLanes + (s_.rows.window + 1) * row_) {}

  size_t workspace_bytes() const override {
    return static_cast<size_t>(threads_ * thread_floats_) * sizeof(float);
  }
  std::string implementation() const override { return "sliding"; }

  void run(const KernelArgs& args) override {
    if (s_.dtype == DType::f32) return run_tasks<float>(args);
    run_tasks<bf16>(args);
  }

 private:
  template <class T>
  void run_tasks(const KernelArgs& args) const {
    parallel_divide(threads_, tasks_, [&](int64_t task, int thread) {
      float* buffers = static_cast<float*>(args.workspace) + thread * thread_floats_;
      run_task<T>(args, task / blocks_, task % blocks_ * kLanes, buffers);
    });
  }

  // The row sums for position `place` of the column's line; zeros if there is no source.
  template <class T>
  void sum_row(const T* image, int64_t channels, int64_t place, float* line, float* sums) const {
    const int64_t from = place - s_.rows.offset, y = from / s_.rows.spread;
    if (from < 0 || from % s_.rows.spread != 0 || y >= s_.rows.sources) {
      std::fill(sums, sums + row_, 0.0f);
      return;
    }
    const SlidingDivisor& by = s_.divisor;
    const Pixels<const T> pixels{image + y * s_.columns.sources * s_.source_pitch, s_.source_pitch, channels};
    read_leaf(pixels, s_.columns, by.of_sources ? by.rows[static_cast<size_t>(y)] : 1,
              by.of_sources ? by.columns.data() : nullptr, line);
    slide_line(line, s_.columns, sums);
  }

  template <class T>
  void write_target(T* image, int64_t channels, int64_t y, const float* suffix, const float* prefix) const {
    const SlidingDivisor& by = s_.divisor;
    const Pixels<T> pixels{image + y * s_.columns.targets * s_.target_pitch, s_.target_pitch, channels};
    write_leaf(suffix, prefix, s_.columns.targets, by.of_sources ? 1 : by.rows[static_cast<size_t>(y)],
               by.of_sources ? nullptr : by.columns.data(), pixels);
  }

  // Slot r of the buffer holds the suffix that starts at row r of the block until that window is written;
  // then it takes row r of the next block.
  template <class T>
  void run_task(const KernelArgs& args, int64_t n, int64_t c, float* buffers) const {
    const SlidingAxis& rows = s_.rows;
    const int64_t channels = std::min(kLanes, s_.channels - c);
    const T* from = args.in<T>(0) + n * rows.sources * s_.columns.sources * s_.source_pitch + c;
    T* to = args.out<T>(0) + n * rows.targets * s_.columns.targets * s_.target_pitch + c;
    float* slots = buffers;
    float* prefix = slots + rows.window * row_;
    float* line = prefix + row_;
    for (int64_t r = 0; r < rows.window; ++r) sum_row(from, channels, r, line, slots + r * row_);
    for (int64_t first = 0; first < rows.starts(); first += rows.window) {
      for (int64_t r = rows.window - 2; r >= 0; --r) add_rows(slots + r * row_, slots + (r + 1) * row_, row_);
      std::fill(prefix, prefix + row_, 0.0f);
      const int64_t count = std::min(rows.window, rows.starts() - first);
      for (int64_t r = 0; r < count; ++r) {
        if (r > 0) add_rows(prefix, slots + (r - 1) * row_, row_);
        float* slot = slots + r * row_;
        if ((first + r) % rows.step == 0) write_target(to, channels, (first + r) / rows.step, slot, prefix);
        const int64_t place = first + rows.window + r;
        if (place < rows.length()) sum_row(from, channels, place, line, slot);
      }
    }
  }

  SlidingSum s_;
  int64_t blocks_;  // of channels
  int64_t tasks_;
  int threads_;
  int64_t row_;  // floats of a row of sums
  int64_t thread_floats_;
};

}  // namespace

std::unique_ptr<Kernel> make_sliding_sum(SlidingSum sum) {
  return std::make_unique<SlidingSumKernel>(std::move(sum));
}

}  // namespace iabn
