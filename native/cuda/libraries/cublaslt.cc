#include "cuda/libraries/cublaslt.h"

#include <stdexcept>

#include "program/kernel.h"

namespace iabn::cuda {
namespace {

constexpr uint32_t kOperandAlignment = 64;  // of the plan's buffers

int type_of(DType dtype) {
  if (dtype == DType::f32) return cublaslt::kFloat;
  if (dtype == DType::bf16) return cublaslt::kBFloat16;
  if (dtype == DType::f16) return cublaslt::kHalf;
  throw std::invalid_argument("matrix products are of float32, bfloat16 or float16");
}

}  // namespace

Library CublasLt::open() {
  return Library("cuBLASLt", "IABN_CUBLASLT_LIBRARY",
                 {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", "libcublasLt.so"});
}

std::string cublaslt_version() {
  const Library library = CublasLt::open();
  cublaslt::GetVersion* version = nullptr;
  library.resolve(version, "cublasLtGetVersion");
  const size_t number = version();  // 130002 is 13.0.2
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

CublasLt::CublasLt() : library_(open()) {
  library_.resolve(create_, "cublasLtCreate");
  library_.resolve(destroy_, "cublasLtDestroy");
  library_.resolve(create_matmul, "cublasLtMatmulDescCreate");
  library_.resolve(set_matmul, "cublasLtMatmulDescSetAttribute");
  library_.resolve(destroy_matmul, "cublasLtMatmulDescDestroy");
  library_.resolve(create_layout, "cublasLtMatrixLayoutCreate");
  library_.resolve(destroy_layout, "cublasLtMatrixLayoutDestroy");
  library_.resolve(create_preference, "cublasLtMatmulPreferenceCreate");
  library_.resolve(set_preference, "cublasLtMatmulPreferenceSetAttribute");
  library_.resolve(destroy_preference, "cublasLtMatmulPreferenceDestroy");
  library_.resolve(get_heuristic, "cublasLtMatmulAlgoGetHeuristic");
  library_.resolve(matmul, "cublasLtMatmul");
  check(create_(&handle_), "cuBLASLt");
}

CublasLt::~CublasLt() {
  if (handle_) destroy_(handle_);
}

void CublasLt::check(cublaslt::Status status, const char* what) {
  if (status != cublaslt::kSuccess) {
    throw std::runtime_error(std::string(what) + ": cuBLAS status " + std::to_string(status));
  }
}

Matmul::Matmul(Context& context, const Product& product) : context_(context), library_(context.cublaslt()) {
  const bool tf32 = product.operands == DType::f32 && context.options.tf32;
  const int compute = tf32 ? cublaslt::kCompute32FTf32 : cublaslt::kCompute32F;
  CublasLt::check(library_.create_matmul(&desc_, compute, cublaslt::kFloat), "matrix product");
  const int a_op = product.transpose_a ? cublaslt::kTranspose : cublaslt::kNone;
  const int b_op = product.transpose_b ? cublaslt::kTranspose : cublaslt::kNone;
  CublasLt::check(library_.set_matmul(desc_, cublaslt::kTransA, &a_op, sizeof(a_op)), "matrix product");
  CublasLt::check(library_.set_matmul(desc_, cublaslt::kTransB, &b_op, sizeof(b_op)), "matrix product");
  const auto layout = [&](cublaslt::Layout* out, DType dtype, int64_t rows, int64_t columns,
                          bool transposed) {
    if (transposed) std::swap(rows, columns);
    CublasLt::check(library_.create_layout(out, type_of(dtype), static_cast<uint64_t>(rows),
                                           static_cast<uint64_t>(columns), rows),
                    "matrix product");
  };
  layout(&a_, product.operands, product.m, product.k, product.transpose_a);
  layout(&b_, product.operands, product.k, product.n, product.transpose_b);
  layout(&d_, product.result, product.m, product.n, false);
  choose(product);
}

Matmul::~Matmul() {
  for (cublaslt::Layout layout : {a_, b_, d_}) {
    if (layout) library_.destroy_layout(layout);
  }
  if (desc_) library_.destroy_matmul(desc_);
}

void Matmul::choose(const Product& product) {
  cublaslt::Preference preference = nullptr;
  CublasLt::check(library_.create_preference(&preference), "matrix product");
  const uint64_t limit = context_.options.workspace_limit;
  library_.set_preference(preference, cublaslt::kMaxWorkspaceBytes, &limit, sizeof(limit));
  // The library assumes 256 bytes by default.
  const uint32_t alignment = kOperandAlignment;
  for (int which = cublaslt::kMinAlignmentA; which <= cublaslt::kMinAlignmentD; ++which) {
    library_.set_preference(preference, which, &alignment, sizeof(alignment));
  }
  cublaslt::HeuristicResult result = {};
  int found = 0;
  const cublaslt::Status status =
      library_.get_heuristic(library_.handle(), desc_, a_, b_, d_, d_, preference, 1, &result, &found);
  library_.destroy_preference(preference);
  if (status != cublaslt::kSuccess || found == 0 || result.state != cublaslt::kSuccess) {
    throw Refused("cuBLASLt has no algorithm for a product of " + std::to_string(product.m) + "×" +
                  std::to_string(product.n) + "×" + std::to_string(product.k));
  }
  algorithm_ = result.algorithm;
  workspace_ = result.workspace;
}

void Matmul::run(const void* a, const void* b, void* d, void* workspace, float keep) const {
  const float one = 1.0f;
  CublasLt::check(library_.matmul(library_.handle(), desc_, &one, a, a_, b, b_, &keep, d, d_, d, d_,
                                  &algorithm_, workspace, workspace_, context_.stream),
                  "matrix product");
}

}  // namespace iabn::cuda
