// cuBLASLt of one device, and the matrix products of layers.
#pragma once

#include <string>

#include "cuda/libraries/cublaslt_api.h"
#include "cuda/libraries/library.h"
#include "cuda/support/context.h"
#include "program/tensor.h"

namespace iabn::cuda {

class CublasLt {
 public:
  CublasLt();
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  static Library open();
  // Throws std::runtime_error with the status number.
  static void check(cublaslt::Status status, const char* what);
  cublaslt::Handle handle() const { return handle_; }

  cublaslt::CreateMatmul* create_matmul;
  cublaslt::SetMatmul* set_matmul;
  cublaslt::DestroyMatmul* destroy_matmul;
  cublaslt::CreateLayout* create_layout;
  cublaslt::DestroyLayout* destroy_layout;
  cublaslt::CreatePreference* create_preference;
  cublaslt::SetPreference* set_preference;
  cublaslt::DestroyPreference* destroy_preference;
  cublaslt::GetHeuristic* get_heuristic;
  cublaslt::Matmul* matmul;

 private:
  Library library_;
  cublaslt::Create* create_;
  cublaslt::Destroy* destroy_;
  cublaslt::Handle handle_ = nullptr;
};

// Its version ("13.0.0"), read without creating a handle; throws like Library.
std::string cublaslt_version();

// d [m, n] = op(a) [m, k] · op(b) [k, n], all column-major and dense.
struct Product {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
  DType operands;  // of a and b
  DType result;
};

// One product, with an algorithm chosen by the library's heuristics within the workspace limit.
class Matmul {
 public:
  Matmul(Context& context, const Product& product);
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  size_t workspace_bytes() const { return workspace_; }
  // d = product + keep·d
  void run(const void* a, const void* b, void* d, void* workspace, float keep = 0.0f) const;

 private:
  void choose(const Product& product);

  Context& context_;
  CublasLt& library_;
  cublaslt::MatmulDesc desc_ = nullptr;
  cublaslt::Layout a_ = nullptr, b_ = nullptr, d_ = nullptr;
  cublaslt::Algorithm algorithm_ = {};
  size_t workspace_ = 0;
};

}  // namespace iabn::cuda
