// Tensor descriptions: an operand's properties that are known before a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace iabn {

enum class DType : uint8_t { none, f32, bf16, f16, i32, i64, u8 };

size_t dtype_size(DType dtype);
DType parse_dtype(const std::string& name);

// Logical shape N×C×S1×…, stored channels-last (N, S1, …, C) as rows of C elements. Rows are contiguous,
// except in a strided view of a wider tensor, where they are `pitch` elements apart. Weights, vectors and
// scalars are stored row-major.
struct TensorDesc {
  DType dtype = DType::none;  // none: the operand is absent
  std::vector<int64_t> dims;
  int64_t pitch = 0;  // 0: dense

  bool present() const { return dtype != DType::none; }
  size_t rank() const { return dims.size(); }
  int64_t elements() const;
  // Bytes from the first element to the last; gaps between strided rows belong to other tensors.
  size_t bytes() const;
  // A channels-last tensor as a matrix: rows() = N·S1·…, channels() = C.
  int64_t channels() const { return dims.size() < 2 ? 1 : dims[1]; }
  int64_t rows() const { return channels() == 0 ? 0 : elements() / channels(); }
  bool dense() const { return pitch == 0 || pitch == channels(); }
  int64_t row_pitch() const { return pitch == 0 ? channels() : pitch; }
};

}  // namespace iabn
