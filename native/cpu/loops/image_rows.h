// Copies rows of images. Rows of pixels are contiguous, so a strip of an image is one block of bytes.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/loops/parallel.h"
#include "program/tensor.h"

namespace iabn {

// Images of a channels-last tensor N,C,H,W, in bytes.
struct ImageRows {
  int64_t images;
  int64_t row;    // bytes of a row of pixels
  int64_t image;  // bytes of an image

  explicit ImageRows(const TensorDesc& desc)
      : images(desc.dims[0]),
        row(desc.dims[3] * desc.dims[1] * static_cast<int64_t>(dtype_size(desc.dtype))),
        image(desc.dims[2] * row) {}
};

// Copies `rows` rows of every image, from row `source` of one tensor to row `target` of the other.
inline void copy_image_rows(const void* from, const ImageRows& source_rows, int64_t source, void* to,
                            const ImageRows& target_rows, int64_t target, int64_t rows) {
  const int64_t bytes = rows * source_rows.row;
  for (int64_t n = 0; n < source_rows.images; ++n) {
    const char* src = static_cast<const char*>(from) + n * source_rows.image + source * source_rows.row;
    char* dst = static_cast<char*>(to) + n * target_rows.image + target * target_rows.row;
    parallel_elements(bytes, [=](int64_t begin, int64_t end) {
      std::memcpy(dst + begin, src + begin, static_cast<size_t>(end - begin));
    });
  }
}

}  // namespace iabn
