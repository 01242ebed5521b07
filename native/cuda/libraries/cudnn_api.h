// The declarations of cuDNN (8 and 9) that we use, so that building needs no headers.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace iabn::cuda::cudnn {

using Handle = struct cudnnContext*;
using Tensor = struct cudnnTensorStruct*;
using Filter = struct cudnnFilterStruct*;
using Convolution = struct cudnnConvolutionStruct*;
using Status = int;

constexpr Status kSuccess = 0;
enum DataType { kFloat = 0, kHalf = 2, kBFloat16 = 9 };
enum Format { kNhwc = 1 };
enum Mode { kCrossCorrelation = 1 };
enum MathType { kDefaultMath = 0, kTensorOpMath = 1, kFmaMath = 3 };
enum Determinism { kNonDeterministic = 0, kDeterministic = 1 };

// cudnnConvolutionFwdAlgoPerf_t and its two siblings
struct Performance {
  int algorithm;
  Status status;
  float time;  // milliseconds
  size_t memory;
  Determinism determinism;
  MathType math;
  int reserved[3];
};

// Parameters of the find functions and of the convolutions after their operands.
#define IABN_CUDNN_FIND int requested, int *returned, Performance *results, void *workspace, size_t bytes
using Create = Status(Handle*);
using Destroy = Status(Handle);
using SetStream = Status(Handle, cudaStream_t);
using GetVersion = size_t();
using GetErrorString = const char*(Status);
using CreateTensor = Status(Tensor*);
using SetTensor = Status(Tensor, int, int, int, int, int, int, int, int,
                         int);  // dtype, n c h w, their strides
using DestroyTensor = Status(Tensor);
using CreateFilter = Status(Filter*);
using SetFilter = Status(Filter, int, int, int, int, int, int);  // dtype, format, k c h w
using DestroyFilter = Status(Filter);
using CreateConvolution = Status(Convolution*);
// pad, stride, dilation of height and width; mode; dtype of the sums
using SetConvolution = Status(Convolution, int, int, int, int, int, int, int, int);
using SetGroups = Status(Convolution, int);
using SetMath = Status(Convolution, int);
using DestroyConvolution = Status(Convolution);
using FindForward = Status(Handle, Tensor, const void*, Filter, const void*, Convolution, Tensor, void*,
                           IABN_CUDNN_FIND);
using FindBackwardData = Status(Handle, Filter, const void*, Tensor, const void*, Convolution, Tensor, void*,
                                IABN_CUDNN_FIND);
using FindBackwardFilter = Status(Handle, Tensor, const void*, Tensor, const void*, Convolution, Filter,
                                  void*, IABN_CUDNN_FIND);
using Forward = Status(Handle, const void* alpha, Tensor, const void*, Filter, const void*, Convolution,
                       int algorithm, void* workspace, size_t bytes, const void* beta, Tensor, void*);
using BackwardData = Status(Handle, const void* alpha, Filter, const void*, Tensor, const void*, Convolution,
                            int algorithm, void* workspace, size_t bytes, const void* beta, Tensor, void*);
using BackwardFilter = Status(Handle, const void* alpha, Tensor, const void*, Tensor, const void*,
                              Convolution, int algorithm, void* workspace, size_t bytes, const void* beta,
                              Filter, void*);
#undef IABN_CUDNN_FIND

}  // namespace iabn::cuda::cudnn
