// cuDNN's convolutions as plain loops, for the emulated device. Follows the library's documentation: wrong
// descriptors are refused with its statuses, and the find functions list algorithms with their workspace
// sizes.
#include <algorithm>
#include <cstring>

#include "cuda/emulator/numbers.h"
#include "cuda/libraries/cudnn_api.h"

using namespace iabn::cuda::cudnn;
using iabn::cuda::emulated::load;
using iabn::cuda::emulated::store;

namespace iabn::cuda::cudnn {

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  int type, n, c, h, w, sn, sc, sh, sw;
};
struct cudnnFilterStruct {
  int type, format, k, c, h, w;
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups = 1, math = kDefaultMath;
};

}  // namespace iabn::cuda::cudnn

namespace {

constexpr Status kBadParam = 3;
constexpr int kSlow = 0, kFast = 1;  // two algorithms to choose from; only one is deterministic
constexpr size_t kFastWorkspace = 1 << 12;

struct Images {
  const cudnnTensorStruct& d;
  void* data;
  size_t at(int n, int c, int h, int w) const {
    return static_cast<size_t>(n) * d.sn + static_cast<size_t>(h) * d.sh + static_cast<size_t>(w) * d.sw +
           static_cast<size_t>(c) * d.sc;
  }
};

bool fits(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
          const cudnnTensorStruct& y) {
  const auto size = [](int in, int pad, int kernel, int dilation, int stride) {
    return (in + 2 * pad - (dilation * (kernel - 1) + 1)) / stride + 1;
  };
  return x.type == w.type && x.type == y.type && w.format == kNhwc && x.n == y.n && w.k == y.c &&
         w.c * conv.groups == x.c && w.k % conv.groups == 0 &&
         y.h == size(x.h, conv.pad_h, w.h, conv.dilation_h, conv.stride_h) &&
         y.w == size(x.w, conv.pad_w, w.w, conv.dilation_w, conv.stride_w);
}

// Calls visit(n, oy, ox, o, c, iy, ix, kh, kw) for every product; c counts within the group.
template <class Visit>
void products(const cudnnTensorStruct& x, const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv,
              const cudnnTensorStruct& y, Visit visit) {
  for (int n = 0; n < y.n; ++n)
    for (int o = 0; o < y.c; ++o)
      for (int oy = 0; oy < y.h; ++oy)
        for (int ox = 0; ox < y.w; ++ox)
          for (int kh = 0; kh < w.h; ++kh)
            for (int kw = 0; kw < w.w; ++kw) {
              const int iy = oy * conv.stride_h - conv.pad_h + kh * conv.dilation_h;
              const int ix = ox * conv.stride_w - conv.pad_w + kw * conv.dilation_w;
              if (iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
              for (int c = 0; c < w.c; ++c) visit(n, oy, ox, o, c, iy, ix, kh, kw);
            }
}

size_t weight_at(const cudnnFilterStruct& w, int o, int c, int kh, int kw) {
  return ((static_cast<size_t>(o) * w.h + kh) * w.w + kw) * w.c + c;
}

size_t weight_count(const cudnnFilterStruct& w) { return static_cast<size_t>(w.k) * w.c * w.h * w.w; }

int first_input(const cudnnFilterStruct& w, const cudnnConvolutionStruct& conv, int o) {
  return o / (w.k / conv.groups) * w.c;
}

Status find(int requested, int* returned, Performance* results, size_t bytes) {
  const Performance all[] = {{kFast, kSuccess, 1.0f, kFastWorkspace, kNonDeterministic, kTensorOpMath, {}},
                             {kFast, kSuccess, 2.0f, kFastWorkspace, kDeterministic, kTensorOpMath, {}},
                             {kSlow, kSuccess, 9.0f, 0, kDeterministic, kFmaMath, {}}};
  *returned = 0;
  for (const Performance& each : all) {
    if (*returned < requested && each.memory <= bytes) results[(*returned)++] = each;
  }
  return kSuccess;
}

bool has_workspace(int algorithm, void* workspace, size_t bytes) {
  return algorithm == kSlow || (algorithm == kFast && workspace && bytes >= kFastWorkspace);
}

// Writes to the algorithm's whole workspace.
void use_workspace(int algorithm, void* workspace) {
  if (algorithm == kFast) std::memset(workspace, 0xab, kFastWorkspace);
}

// sums [count] in double → out = sum + beta·out
void finish(int type, const std::vector<double>& sums, float beta, void* out, const std::vector<size_t>& at) {
  for (size_t i = 0; i < sums.size(); ++i) {
    const double before = beta == 0.0f ? 0.0 : static_cast<double>(beta) * load(type, out, at[i]);
    store(type, out, at[i], static_cast<float>(sums[i] + before));
  }
}

std::vector<size_t> places(const Images& images) {
  std::vector<size_t> at;
  for (int n = 0; n < images.d.n; ++n)
    for (int h = 0; h < images.d.h; ++h)
      for (int w = 0; w < images.d.w; ++w)
        for (int c = 0; c < images.d.c; ++c) at.push_back(images.at(n, c, h, w));
  return at;
}

size_t dense(const cudnnTensorStruct& d, int n, int c, int h, int w) {
  return ((static_cast<size_t>(n) * d.h + h) * d.w + w) * d.c + c;
}

}  // namespace

extern "C" {

Status cudnnCreate(Handle* handle) {
  *handle = new cudnnContext;
  return kSuccess;
}
Status cudnnDestroy(Handle handle) {
  delete handle;
  return kSuccess;
}
Status cudnnSetStream(Handle handle, cudaStream_t stream) {
  handle->stream = stream;
  return kSuccess;
}
size_t cudnnGetVersion() { return 90100; }
const char* cudnnGetErrorString(Status status) {
  return status == kSuccess ? "CUDNN_STATUS_SUCCESS" : "CUDNN_STATUS_BAD_PARAM";
}

Status cudnnCreateTensorDescriptor(Tensor* tensor) {
  *tensor = new cudnnTensorStruct{};
  return kSuccess;
}
Status cudnnSetTensor4dDescriptorEx(Tensor d, int type, int n, int c, int h, int w, int sn, int sc, int sh,
                                    int sw) {
  if (n < 1 || c < 1 || h < 1 || w < 1) return kBadParam;
  *d = {type, n, c, h, w, sn, sc, sh, sw};
  return kSuccess;
}
Status cudnnDestroyTensorDescriptor(Tensor tensor) {
  delete tensor;
  return kSuccess;
}
Status cudnnCreateFilterDescriptor(Filter* filter) {
  *filter = new cudnnFilterStruct{};
  return kSuccess;
}
Status cudnnSetFilter4dDescriptor(Filter d, int type, int format, int k, int c, int h, int w) {
  if (k < 1 || c < 1 || h < 1 || w < 1) return kBadParam;
  *d = {type, format, k, c, h, w};
  return kSuccess;
}
Status cudnnDestroyFilterDescriptor(Filter filter) {
  delete filter;
  return kSuccess;
}
Status cudnnCreateConvolutionDescriptor(Convolution* convolution) {
  *convolution = new cudnnConvolutionStruct{};
  return kSuccess;
}
Status cudnnSetConvolution2dDescriptor(Convolution d, int pad_h, int pad_w, int stride_h, int stride_w,
                                       int dilation_h, int dilation_w, int mode, int type) {
  if (mode != kCrossCorrelation || type != kFloat || stride_h < 1 || dilation_h < 1) return kBadParam;
  d->pad_h = pad_h, d->pad_w = pad_w, d->stride_h = stride_h, d->stride_w = stride_w;
  d->dilation_h = dilation_h, d->dilation_w = dilation_w;
  return kSuccess;
}
Status cudnnSetConvolutionGroupCount(Convolution d, int groups) {
  d->groups = groups;
  return kSuccess;
}
Status cudnnSetConvolutionMathType(Convolution d, int math) {
  d->math = math;
  return kSuccess;
}
Status cudnnDestroyConvolutionDescriptor(Convolution convolution) {
  delete convolution;
  return kSuccess;
}

Status cudnnFindConvolutionForwardAlgorithmEx(Handle, Tensor x, const void*, Filter w, const void*,
                                              Convolution conv, Tensor y, void*, int requested, int* returned,
                                              Performance* results, void*, size_t bytes) {
  return fits(*x, *w, *conv, *y) ? find(requested, returned, results, bytes) : kBadParam;
}
Status cudnnFindConvolutionBackwardDataAlgorithmEx(Handle, Filter w, const void*, Tensor y, const void*,
                                                   Convolution conv, Tensor x, void*, int requested,
                                                   int* returned, Performance* results, void*, size_t bytes) {
  return fits(*x, *w, *conv, *y) ? find(requested, returned, results, bytes) : kBadParam;
}
Status cudnnFindConvolutionBackwardFilterAlgorithmEx(Handle, Tensor x, const void*, Tensor y, const void*,
                                                     Convolution conv, Filter w, void*, int requested,
                                                     int* returned, Performance* results, void*,
                                                     size_t bytes) {
  return fits(*x, *w, *conv, *y) ? find(requested, returned, results, bytes) : kBadParam;
}

Status cudnnConvolutionForward(Handle handle, const void*, Tensor x, const void* x_data, Filter w,
                               const void* w_data, Convolution conv, int algorithm, void* workspace,
                               size_t bytes, const void* beta, Tensor y, void* y_data) {
  if (!fits(*x, *w, *conv, *y)) return kBadParam;
  const cudnnTensorStruct xd = *x, yd = *y;
  const cudnnFilterStruct wd = *w;
  const cudnnConvolutionStruct cd = *conv;
  const float keep = *static_cast<const float*>(beta);
  if (!has_workspace(algorithm, workspace, bytes)) return kBadParam;
  emulator::enqueue(handle->stream, [=] {
    use_workspace(algorithm, workspace);
    const Images from{xd, const_cast<void*>(x_data)}, to{yd, y_data};
    std::vector<double> sums(static_cast<size_t>(yd.n) * yd.c * yd.h * yd.w);
    products(xd, wd, cd, yd, [&](int n, int oy, int ox, int o, int c, int iy, int ix, int kh, int kw) {
      sums[dense(yd, n, o, oy, ox)] +=
          static_cast<double>(load(xd.type, x_data, from.at(n, first_input(wd, cd, o) + c, iy, ix))) *
          load(wd.type, w_data, weight_at(wd, o, c, kh, kw));
    });
    finish(yd.type, sums, keep, y_data, places(to));
  });
  return kSuccess;
}

Status cudnnConvolutionBackwardData(Handle handle, const void*, Filter w, const void* w_data, Tensor y,
                                    const void* y_data, Convolution conv, int algorithm, void* workspace,
                                    size_t bytes, const void* beta, Tensor x, void* x_data) {
  if (!fits(*x, *w, *conv, *y)) return kBadParam;
  const cudnnTensorStruct xd = *x, yd = *y;
  const cudnnFilterStruct wd = *w;
  const cudnnConvolutionStruct cd = *conv;
  const float keep = *static_cast<const float*>(beta);
  if (!has_workspace(algorithm, workspace, bytes)) return kBadParam;
  emulator::enqueue(handle->stream, [=] {
    use_workspace(algorithm, workspace);
    const Images from{yd, const_cast<void*>(y_data)}, to{xd, x_data};
    std::vector<double> sums(static_cast<size_t>(xd.n) * xd.c * xd.h * xd.w);
    products(xd, wd, cd, yd, [&](int n, int oy, int ox, int o, int c, int iy, int ix, int kh, int kw) {
      sums[dense(xd, n, first_input(wd, cd, o) + c, iy, ix)] +=
          static_cast<double>(load(yd.type, y_data, from.at(n, o, oy, ox))) *
          load(wd.type, w_data, weight_at(wd, o, c, kh, kw));
    });
    finish(xd.type, sums, keep, x_data, places(to));
  });
  return kSuccess;
}

Status cudnnConvolutionBackwardFilter(Handle handle, const void*, Tensor x, const void* x_data, Tensor y,
                                      const void* y_data, Convolution conv, int algorithm, void* workspace,
                                      size_t bytes, const void* beta, Filter w, void* w_data) {
  if (!fits(*x, *w, *conv, *y)) return kBadParam;
  const cudnnTensorStruct xd = *x, yd = *y;
  const cudnnFilterStruct wd = *w;
  const cudnnConvolutionStruct cd = *conv;
  const float keep = *static_cast<const float*>(beta);
  if (!has_workspace(algorithm, workspace, bytes)) return kBadParam;
  emulator::enqueue(handle->stream, [=] {
    use_workspace(algorithm, workspace);
    const Images from{xd, const_cast<void*>(x_data)}, diff{yd, const_cast<void*>(y_data)};
    std::vector<double> sums(weight_count(wd));
    std::vector<size_t> at(sums.size());
    for (size_t i = 0; i < at.size(); ++i) at[i] = i;
    products(xd, wd, cd, yd, [&](int n, int oy, int ox, int o, int c, int iy, int ix, int kh, int kw) {
      sums[weight_at(wd, o, c, kh, kw)] +=
          static_cast<double>(load(xd.type, x_data, from.at(n, first_input(wd, cd, o) + c, iy, ix))) *
          load(yd.type, y_data, diff.at(n, o, oy, ox));
    });
    finish(wd.type, sums, keep, w_data, at);
  });
  return kSuccess;
}

}  // extern "C"
