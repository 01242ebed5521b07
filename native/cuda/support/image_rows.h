// Copies rows of images. Rows of pixels are contiguous, so a strip of an image is one block of bytes.
#pragma once

#include "cuda/support/pitched.h"

namespace iabn::cuda {

// Images of a channels-last tensor N,C,H,W, in bytes.
struct ImageRows {
  int64_t images;
  size_t row;    // bytes of a row of pixels
  size_t image;  // bytes of an image

  explicit ImageRows(const TensorDesc& desc)
      : images(desc.dims[0]),
        row(static_cast<size_t>(desc.dims[3] * desc.dims[1]) * dtype_size(desc.dtype)),
        image(static_cast<size_t>(desc.dims[2]) * row) {}
};

// Copies `rows` rows of every image, from row `source` of one tensor to row `target` of the other.
inline void copy_image_rows(const Context& context, const void* from, const ImageRows& source_rows,
                            int64_t source, void* to, const ImageRows& target_rows, int64_t target,
                            int64_t rows) {
  const ChannelSlice src = {static_cast<size_t>(source) * source_rows.row, source_rows.image};
  const ChannelSlice dst = {static_cast<size_t>(target) * target_rows.row, target_rows.image};
  copy_rows(context, from, src, to, dst, static_cast<size_t>(rows) * source_rows.row, source_rows.images);
}

}  // namespace iabn::cuda
