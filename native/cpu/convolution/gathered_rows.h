// The left side of a convolution's matrix product: for each output pixel, the channels of one group under all
// taps, or zeros in the padding. Forward, and for the gradient of the input; there, outputs fall into phases
// with taps of their own where the convolution has a stride.
#pragma once

#include <vector>

#include "cpu/convolution/axis.h"
#include "cpu/loops/data.h"
#include "geometry/conv_shape.h"

namespace iabn::gemm {

// Outputs whose row and column have the same remainders of the stride.
struct Phase {
  std::vector<AxisTap> rows, columns;  // by rising offset
  int64_t row, column;                 // of the first output
  int64_t height, width;               // outputs of an image
  bool adjacent;                       // the taps of a row are neighbors in memory

  int64_t taps() const { return static_cast<int64_t>(rows.size() * columns.size()); }
};

class GatheredRows {
 public:
  static GatheredRows forward(const ConvShape& shape);
  static GatheredRows backward_data(const ConvShape& shape);

  const std::vector<Phase>& phases() const { return phases_; }
  int64_t sources() const { return sources_; }
  int64_t targets() const { return targets_; }
  int64_t outputs() const { return output_channels_; }  // channels of all groups
  int64_t depth(const Phase& phase) const { return phase.taps() * sources_; }
  int64_t pixels(const Phase& phase) const { return images_ * phase.height * phase.width; }

  // True if the rows lie in the image as they are, `source_channels()` apart.
  bool in_place() const;
  int64_t source_channels() const { return channels_; }

  // The rows of `count` pixels, `stride` elements apart; To is T or float.
  template <class T, class To>
  void gather(const T* x, int64_t group, const Phase& phase, int64_t first, int64_t count, To* to,
              int64_t stride) const;

  // Where each of `count` outputs begins in its image, in elements.
  void place(const Phase& phase, int64_t first, int64_t count, int64_t* to) const;

 private:
  GatheredRows(const ConvShape& shape, const Axis& rows, const Axis& columns, bool forward);

  template <class T, class To>
  void gather_line(const T* line, int64_t left, const Phase& phase, To* to) const;

  int64_t images_, height_, width_, channels_;  // of the sources
  int64_t sources_, targets_;                   // channels of a group
  int64_t output_height_, output_width_, output_channels_;
  int64_t row_phases_, column_phases_, row_step_, column_step_;
  std::vector<Phase> phases_;
};

}  // namespace iabn::gemm
