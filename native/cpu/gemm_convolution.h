// Float32 convolution as matrix products over chunks of output rows (lines):
//
//   col[pixel, (kh, kw, c)] = x at that tap, 0 in the padding      one chunk of lines, in the workspace
//   y = col · Wᵀ        dcol = dy · W, dx += taps of dcol        dW += dyᵀ · col          W: O×(KH·KW·C)
//
// A 1×1 convolution without stride and padding needs no col. Chunks depend on the shape alone and are summed
// in order, so a result does not depend on how the copying is shared among threads.
#pragma once

#include "cpu/convolution.h"

namespace iabn {

enum class ConvDirection { forward, backward_data, backward_weights };

// Throws Refused unless the operands are float32, dense and not grouped, and this way was measured to be
// faster than oneDNN's convolution (see gemm_is_faster in the .cc).
void refuse_unless_gemm(const ConvShape& shape, const KernelSpec& spec, ConvDirection direction);

class GemmConvolution : public Kernel {
 public:
  GemmConvolution(const ConvShape& shape, ConvDirection direction);

  size_t workspace_bytes() const override { return layout_.bytes(); }
  std::string implementation() const override { return shape_.pointwise() ? "gemm" : "im2col, gemm"; }

 protected:
  // Lines are numbered n·OH + oy. A pointwise convolution is one chunk.
  int64_t lines() const { return shape_.n * shape_.oh; }
  int64_t chunk_lines() const { return chunk_lines_; }
  int64_t taps() const { return shape_.kh * shape_.kw * shape_.c; }

  float* columns(void* workspace) const { return WorkspaceLayout::at<float>(workspace, columns_offset_); }
  // Weights as O×(KH·KW·C): the operand itself when that is the same, else a copy in the workspace.
  const float* gemm_weights(const float* weights, void* workspace);
  float* gemm_weights_gradient(float* gradient, void* workspace) const;
  void finish_weights_gradient(float* gradient, void* workspace);

  // Fills columns for lines [begin, end).
  void im2col(const float* x, float* columns, int64_t begin, int64_t end) const;
  // Adds columns of lines [begin, end) to the places in x they were taken from.
  void add_col2im(const float* columns, float* x, int64_t begin, int64_t end) const;

  ConvShape shape_;

 private:
  WorkspaceLayout layout_;
  onednn::Reorder reorder_;
  int64_t chunk_lines_;
  size_t columns_offset_ = 0, weights_offset_ = 0, scratchpad_offset_ = 0;
};

// C = A·B + beta·C for row-major matrices, A: rows×inner, B: inner×columns; 'T' means stored transposed.
void sgemm(char transpose_a, char transpose_b, int64_t rows, int64_t columns, int64_t inner, const float* a,
           const float* b, float beta, float* c);

}  // namespace iabn
