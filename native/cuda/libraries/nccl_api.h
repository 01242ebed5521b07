// The declarations of NCCL 2 that we use, so that building needs no headers.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace iabn::cuda::nccl {

using Comm = struct ncclComm*;
using Result = int;

constexpr Result kSuccess = 0;
constexpr Result kInProgress = 7;
enum DataType { kInt8 = 0, kInt32 = 2, kFloat32 = 7 };
enum ReduceOp { kSum = 0 };

struct UniqueId {
  char bytes[128];
};

using GetVersion = Result(int*);
using GetUniqueId = Result(UniqueId*);
using CommInitRank = Result(Comm*, int size, UniqueId, int rank);
using CommDestroy = Result(Comm);
using CommAbort = Result(Comm);
using CommGetAsyncError = Result(Comm, Result*);
using GetErrorString = const char*(Result);
using AllReduce = Result(const void* src, void* dst, size_t count, int type, int op, Comm, cudaStream_t);
using AllGather = Result(const void* src, void* dst, size_t count, int type, Comm, cudaStream_t);
using Broadcast = Result(const void* src, void* dst, size_t count, int type, int root, Comm, cudaStream_t);

}  // namespace iabn::cuda::nccl
