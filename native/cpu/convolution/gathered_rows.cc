#include "cpu/convolution/gathered_rows.h"

#include <algorithm>
#include <cstring>

#include "cpu/loops/store.h"

namespace iabn::gemm {
namespace {

template <class T>
void copy(const T* from, T* to, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
}
void copy(const bf16* from, float* to, int64_t count) { widen(from, to, count); }

bool consecutive(const std::vector<AxisTap>& taps) {
  for (size_t i = 1; i < taps.size(); ++i) {
    if (taps[i].offset != taps[0].offset + static_cast<int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

GatheredRows GatheredRows::forward(const ConvShape& s) {
  return {s, Axis::forward(s.kh, s.sh, s.ph, s.dh), Axis::forward(s.kw, s.sw, s.pw, s.dw), true};
}

GatheredRows GatheredRows::backward_data(const ConvShape& s) {
  return {s, Axis::backward(s.kh, s.sh, s.ph, s.dh), Axis::backward(s.kw, s.sw, s.pw, s.dw), false};
}

GatheredRows::GatheredRows(const ConvShape& s, const Axis& rows, const Axis& columns, bool forward)
    : images_(s.n),
      height_(forward ? s.h : s.oh),
      width_(forward ? s.w : s.ow),
      channels_(forward ? s.c : s.o),
      sources_(channels_ / s.groups),
      targets_((forward ? s.o : s.c) / s.groups),
      output_height_(forward ? s.oh : s.h),
      output_width_(forward ? s.ow : s.w),
      output_channels_(forward ? s.o : s.c),
      row_phases_(rows.phases()),
      column_phases_(columns.phases()),
      row_step_(rows.step),
      column_step_(columns.step) {
  for (int64_t row = 0; row < row_phases_; ++row) {
    for (int64_t column = 0; column < column_phases_; ++column) {
      Phase phase;
      phase.rows = rows.taps[static_cast<size_t>(row)];
      phase.columns = columns.taps[static_cast<size_t>(column)];
      sort_by_offset(phase.rows), sort_by_offset(phase.columns);
      phase.row = row, phase.column = column;
      phase.height = rows.outputs(row, output_height_), phase.width = columns.outputs(column, output_width_);
      phase.adjacent = s.groups == 1 && consecutive(phase.columns);
      if (pixels(phase) > 0) phases_.push_back(std::move(phase));
    }
  }
}

bool GatheredRows::in_place() const {
  if (phases_.size() != 1 || row_step_ * column_step_ != 1) return false;
  const Phase& phase = phases_[0];
  return phase.taps() == 1 && phase.rows[0].offset == 0 && phase.columns[0].offset == 0 &&
         height_ == output_height_ && width_ == output_width_;
}

template <class T, class To>
void GatheredRows::gather(const T* x, int64_t group, const Phase& phase, int64_t first, int64_t count, To* to,
                          int64_t stride) const {
  const int64_t line = static_cast<int64_t>(phase.columns.size()) * sources_;
  for (int64_t pixel = first; pixel < first + count; ++pixel, to += stride) {
    const int64_t column = pixel % phase.width, above = pixel / phase.width;
    const T* image = x + above / phase.height * height_ * width_ * channels_ + group * sources_;
    To* row = to;
    for (const AxisTap& tap : phase.rows) {
      const int64_t y = above % phase.height * row_step_ + tap.offset;
      if (y < 0 || y >= height_) {
        std::fill_n(row, line, To{});
      } else {
        gather_line(image + y * width_ * channels_, column * column_step_, phase, row);
      }
      row += line;
    }
  }
}

template <class T, class To>
void GatheredRows::gather_line(const T* line, int64_t left, const Phase& phase, To* to) const {
  const int64_t taps = static_cast<int64_t>(phase.columns.size());
  if (!phase.adjacent) {
    for (int64_t i = 0; i < taps; ++i, to += sources_) {
      const int64_t at = left + phase.columns[static_cast<size_t>(i)].offset;
      if (at < 0 || at >= width_) {
        std::fill_n(to, sources_, To{});
      } else {
        copy(line + at * channels_, to, sources_);
      }
    }
    return;
  }
  if (taps == 0) return;
  const int64_t at = left + phase.columns[0].offset;
  const int64_t begin = std::clamp<int64_t>(-at, 0, taps), end = std::clamp(width_ - at, begin, taps);
  std::fill_n(to, begin * sources_, To{});
  if (begin < end) copy(line + (at + begin) * channels_, to + begin * sources_, (end - begin) * sources_);
  std::fill_n(to + end * sources_, (taps - end) * sources_, To{});
}

template void GatheredRows::gather(const float*, int64_t, const Phase&, int64_t, int64_t, float*,
                                   int64_t) const;
template void GatheredRows::gather(const bf16*, int64_t, const Phase&, int64_t, int64_t, float*,
                                   int64_t) const;
template void GatheredRows::gather(const bf16*, int64_t, const Phase&, int64_t, int64_t, bf16*,
                                   int64_t) const;

void GatheredRows::place(const Phase& phase, int64_t first, int64_t count, int64_t* to) const {
  for (int64_t pixel = first; pixel < first + count; ++pixel) {
    const int64_t column = phase.column + pixel % phase.width * column_phases_, above = pixel / phase.width;
    const int64_t row = phase.row + above % phase.height * row_phases_;
    *to++ = ((above / phase.height * output_height_ + row) * output_width_ + column) * output_channels_;
  }
}

}  // namespace iabn::gemm
