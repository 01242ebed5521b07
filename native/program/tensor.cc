#include "program/tensor.h"

#include <stdexcept>

namespace iabn {

size_t dtype_size(DType dtype) {
  switch (dtype) {
    case DType::none:
      return 0;
    case DType::u8:
      return 1;
    case DType::bf16:
    case DType::f16:
      return 2;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::i64:
      return 8;
  }
  return 0;
}

DType parse_dtype(const std::string& name) {
  if (name == "float32") return DType::f32;
  if (name == "bfloat16") return DType::bf16;
  if (name == "float16") return DType::f16;
  if (name == "int32") return DType::i32;
  if (name == "int64") return DType::i64;
  if (name == "uint8") return DType::u8;
  throw std::invalid_argument("no kernel supports dtype " + name);
}

int64_t TensorDesc::elements() const {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

size_t TensorDesc::bytes() const {
  const int64_t count = elements();
  const int64_t span = dense() || count == 0 ? count : (rows() - 1) * pitch + channels();
  return static_cast<size_t>(span) * dtype_size(dtype);
}

}  // namespace iabn
