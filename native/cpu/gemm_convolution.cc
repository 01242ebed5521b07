#include "cpu/gemm_convolution.h"

#include <algorithm>
#include <cstring>

#include "cpu/data.h"

namespace iabn {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

// Enough rows to run the product at full rate (256 to 2048 were equally fast; fewer chunks mean fewer
// barriers between threads), in about 16 MiB of columns.
constexpr int64_t kChunkPixels = 2048;
constexpr int64_t kColumnsFloats = int64_t{4} << 20;

IABN_SIMD void add_run(const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

memory::desc gemm_layout(const ConvShape& s) {
  return memory::desc({s.o, s.c, s.kh, s.kw}, memory::data_type::f32,
                      s.kh * s.kw == 1 ? Tag::abcd : Tag::acdb);
}

onednn::Reorder make_reorder(const ConvShape& s, ConvDirection direction) {
  const memory::desc own = onednn::conv_weights(s), gemm = gemm_layout(s);
  return direction == ConvDirection::backward_weights ? onednn::Reorder(gemm, own)
                                                      : onednn::Reorder(own, gemm);
}

// Measured on AVX2 (Zen 3, float32) over ResNet-50's convolutions at batch 16, oneDNN's convolution on
// channels-last images against this, in CPU time of one thread; 6.7 s as convolutions, 5.5 s with the better
// of the two each. With AVX-512 oneDNN has better convolutions for channels-last images, and these are left
// to them.
bool gemm_is_faster(const ConvShape& s, ConvDirection direction) {
  if (onednn::has_avx512()) return false;
  const bool backward_data = direction == ConvDirection::backward_data;
  // The stem (C = 3): columns are copied in short runs. Other kernels larger than 1×1: up to 2.5 times faster
  // with gemm by weights, up to 1.7 forward and by data, the more so when strided; at worst 7 % slower.
  if (s.kh * s.kw > 1) return s.c >= 16 || backward_data;
  switch (direction) {
    case ConvDirection::forward:
      return false;  // equal, or oneDNN up to 20 % faster
    case ConvDirection::backward_data:
      return s.c >= 512;  // up to 1.3 times faster there, slower on fewer channels
    case ConvDirection::backward_weights: {
      // Up to 2 times faster strided; else it depends on sgemm, which changes to kernels of half the rate
      // when the product has a side of 128 or 256.
      const int64_t side = std::min(s.c, s.o);
      return !s.pointwise() || side <= 64 || side >= 512;
    }
  }
  return false;
}

}  // namespace

void refuse_unless_gemm(const ConvShape& s, const KernelSpec& spec, ConvDirection direction) {
  for (const auto* operands : {&spec.inputs, &spec.outputs}) {
    for (const TensorDesc& operand : *operands) {
      if (operand.dtype == DType::bf16) throw Refused("the gemm convolution computes in float32 only");
    }
  }
  if (s.groups != 1) throw Refused("the gemm convolution has no groups");
  if (s.empty()) throw Refused("the gemm convolution is not asked for empty tensors");
  if (!gemm_is_faster(s, direction)) throw Refused("oneDNN's convolution was measured faster than gemm here");
}

GemmConvolution::GemmConvolution(const ConvShape& shape, ConvDirection direction)
    : shape_(shape), reorder_(make_reorder(shape, direction)) {
  chunk_lines_ = lines();
  if (!shape.pointwise()) {
    const int64_t pixels = std::min(kChunkPixels, kColumnsFloats / taps());
    chunk_lines_ = std::clamp((pixels + shape.ow - 1) / shape.ow, int64_t{1}, lines());
    columns_offset_ = layout_.add(static_cast<size_t>(chunk_lines_ * shape.ow * taps()) * sizeof(float));
  }
  if (reorder_.needed()) {
    weights_offset_ = layout_.add(static_cast<size_t>(shape.o * taps()) * sizeof(float));
    scratchpad_offset_ = layout_.add(reorder_.scratchpad_bytes());
  }
}

const float* GemmConvolution::gemm_weights(const float* weights, void* workspace) {
  if (!reorder_.needed()) return weights;
  float* copy = WorkspaceLayout::at<float>(workspace, weights_offset_);
  reorder_.run(weights, copy, WorkspaceLayout::at(workspace, scratchpad_offset_));
  return copy;
}

float* GemmConvolution::gemm_weights_gradient(float* gradient, void* workspace) const {
  return reorder_.needed() ? WorkspaceLayout::at<float>(workspace, weights_offset_) : gradient;
}

void GemmConvolution::finish_weights_gradient(float* gradient, void* workspace) {
  if (!reorder_.needed()) return;
  reorder_.run(WorkspaceLayout::at<float>(workspace, weights_offset_), gradient,
               WorkspaceLayout::at(workspace, scratchpad_offset_));
}

void GemmConvolution::im2col(const float* x, float* columns, int64_t begin, int64_t end) const {
  const ConvShape& s = shape_;
  const size_t channel_bytes = static_cast<size_t>(s.c) * sizeof(float);
#pragma omp parallel for schedule(static)
  for (int64_t line = begin; line < end; ++line) {
    const int64_t n = line / s.oh, oy = line % s.oh;
    for (int64_t ox = 0; ox < s.ow; ++ox) {
      float* to = columns + ((line - begin) * s.ow + ox) * taps();
      const int64_t left = ox * s.sw - s.pw;
      const bool inside = left >= 0 && left + (s.kw - 1) * s.dw < s.w;
      for (int64_t kh = 0; kh < s.kh; ++kh, to += s.kw * s.c) {
        const int64_t y = oy * s.sh - s.ph + kh * s.dh;
        if (y < 0 || y >= s.h) {
          std::memset(to, 0, static_cast<size_t>(s.kw) * channel_bytes);
          continue;
        }
        const float* row = x + (n * s.h + y) * s.w * s.c;
        if (inside && s.dw == 1) {  // the taps of a kernel row lie one after the other
          std::memcpy(to, row + left * s.c, static_cast<size_t>(s.kw) * channel_bytes);
          continue;
        }
        for (int64_t kw = 0; kw < s.kw; ++kw) {
          const int64_t column = left + kw * s.dw;
          if (column < 0 || column >= s.w) {
            std::memset(to + kw * s.c, 0, channel_bytes);
          } else {
            std::memcpy(to + kw * s.c, row + column * s.c, channel_bytes);
          }
        }
      }
    }
  }
}

void GemmConvolution::add_col2im(const float* columns, float* x, int64_t begin, int64_t end) const {
  const ConvShape& s = shape_;
  // Each row of x belongs to one thread, which adds the taps in a fixed order.
  const int64_t first = begin / s.oh * s.h, last = ((end - 1) / s.oh + 1) * s.h;
#pragma omp parallel for schedule(static)
  for (int64_t row = first; row < last; ++row) {
    const int64_t n = row / s.h, y = row % s.h;
    float* to = x + row * s.w * s.c;
    for (int64_t kh = 0; kh < s.kh; ++kh) {
      const int64_t offset = y + s.ph - kh * s.dh;
      if (offset < 0 || offset % s.sh != 0 || offset / s.sh >= s.oh) continue;
      const int64_t line = n * s.oh + offset / s.sh;
      if (line < begin || line >= end) continue;
      const float* from = columns + (line - begin) * s.ow * taps() + kh * s.kw * s.c;
      for (int64_t ox = 0; ox < s.ow; ++ox, from += taps()) {
        const int64_t left = ox * s.sw - s.pw;
        if (left >= 0 && left + s.kw <= s.w && s.dw == 1) {
          add_run(from, to + left * s.c, s.kw * s.c);
          continue;
        }
        for (int64_t kw = 0; kw < s.kw; ++kw) {
          const int64_t column = left + kw * s.dw;
          if (column >= 0 && column < s.w) add_run(from + kw * s.c, to + column * s.c, s.c);
        }
      }
    }
  }
}

void sgemm(char transpose_a, char transpose_b, int64_t rows, int64_t columns, int64_t inner, const float* a,
           const float* b, float beta, float* c) {
  const int64_t lda = transpose_a == 'T' ? rows : inner, ldb = transpose_b == 'T' ? inner : columns;
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a, transpose_b, rows, columns, inner, 1.0f, a, lda, b, ldb, beta, c, columns);
  if (status != dnnl_success)
    throw std::runtime_error("oneDNN's sgemm failed, most likely for want of memory");
}

}  // namespace iabn
