// The declarations of cuBLASLt (11 to 13) that we use, so that building needs no headers.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace iabn::cuda::cublaslt {

using Handle = struct cublasLtContext*;
using Status = int;
using MatmulDesc = struct cublasLtMatmulDescOpaque*;
using Layout = struct cublasLtMatrixLayoutOpaque*;
using Preference = struct cublasLtMatmulPreferenceOpaque*;

constexpr Status kSuccess = 0;
enum DataType { kFloat = 0, kHalf = 2, kBFloat16 = 14 };      // cudaDataType
enum ComputeType { kCompute32F = 68, kCompute32FTf32 = 77 };  // cublasComputeType_t
enum Operation { kNone = 0, kTranspose = 1 };                 // cublasOperation_t
enum MatmulAttribute { kTransA = 3, kTransB = 4 };
enum PreferenceAttribute {
  kMaxWorkspaceBytes = 1,
  kMinAlignmentA = 5,  // and of B, C and D
  kMinAlignmentD = 8,
};

struct Algorithm {
  uint64_t data[8];
};

struct HeuristicResult {
  Algorithm algorithm;
  size_t workspace;
  Status state;
  float waves;
  int reserved[4];
};

using Create = Status(Handle*);
using Destroy = Status(Handle);
using GetVersion = size_t();
using CreateMatmul = Status(MatmulDesc*, int compute, int scale);
using SetMatmul = Status(MatmulDesc, int attribute, const void*, size_t);
using DestroyMatmul = Status(MatmulDesc);
using CreateLayout = Status(Layout*, int dtype, uint64_t rows, uint64_t columns, int64_t leading);
using DestroyLayout = Status(Layout);
using CreatePreference = Status(Preference*);
using SetPreference = Status(Preference, int attribute, const void*, size_t);
using DestroyPreference = Status(Preference);
using GetHeuristic = Status(Handle, MatmulDesc, Layout a, Layout b, Layout c, Layout d, Preference,
                            int requested, HeuristicResult*, int* returned);
using Matmul = Status(Handle, MatmulDesc, const void* alpha, const void* a, Layout, const void* b, Layout,
                      const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*,
                      void* workspace, size_t bytes, cudaStream_t);

}  // namespace iabn::cuda::cublaslt
