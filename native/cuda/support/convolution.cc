#include "cuda/support/convolution.h"

#include <stdexcept>

#include "cuda/support/algorithm_cache.h"
#include "cuda/support/scratch.h"

namespace iabn::cuda {
namespace {

constexpr const char* kWhat = "convolution";

int type_of(DType dtype) {
  if (dtype == DType::f32) return cudnn::kFloat;
  if (dtype == DType::bf16) return cudnn::kBFloat16;
  if (dtype == DType::f16) return cudnn::kHalf;
  throw std::invalid_argument("convolutions are of float32, bfloat16 or float16");
}

int math_of(const Context& context, DType dtype) {
  if (dtype != DType::f32) return cudnn::kTensorOpMath;
  return context.options.tf32 ? cudnn::kDefaultMath : cudnn::kFmaMath;
}

int as_int(int64_t value) {
  if (value > INT32_MAX) throw Refused("cuDNN takes dimensions and strides of 32 bits");
  return static_cast<int>(value);
}

}  // namespace

std::string convolution_key(const Context& context, const ConvShape& s, DType dtype) {
  std::string key = context.name + " cudnn " + cudnn_version() + " dtype " +
                    std::to_string(static_cast<int>(dtype)) + (context.options.tf32 ? " tf32" : "") +
                    " limit " + std::to_string(context.options.workspace_limit) + " shape";
  for (const int64_t value :
       {s.n, s.c, s.h, s.w, s.o, s.oh, s.ow, s.kh, s.kw, s.sh, s.sw, s.ph, s.pw, s.dh, s.dw, s.groups}) {
    key += " " + std::to_string(value);
  }
  return key;
}

Convolution::Convolution(Context& context, const ConvShape& s, DType dtype, Direction direction,
                         const std::string& asked)
    : context_(context), cudnn_(context.cudnn()), shape_(s), dtype_(dtype), direction_(direction) {
  const int type = type_of(dtype);
  const auto images = [&](cudnn::Tensor* tensor, int64_t c, int64_t h, int64_t w) {
    cudnn_.check(cudnn_.create_tensor(tensor), kWhat);
    cudnn_.check(cudnn_.set_tensor(*tensor, type, as_int(s.n), as_int(c), as_int(h), as_int(w),
                                   as_int(c * h * w), 1, as_int(c * w), as_int(c)),
                 kWhat);
  };
  images(&x_, s.c, s.h, s.w);
  images(&y_, s.o, s.oh, s.ow);
  cudnn_.check(cudnn_.create_filter(&w_), kWhat);
  cudnn_.check(cudnn_.set_filter(w_, type, cudnn::kNhwc, as_int(s.o), as_int(s.group_inputs()), as_int(s.kh),
                                 as_int(s.kw)),
               kWhat);
  cudnn_.check(cudnn_.create_convolution(&convolution_), kWhat);
  cudnn_.check(cudnn_.set_convolution(convolution_, as_int(s.ph), as_int(s.pw), as_int(s.sh), as_int(s.sw),
                                      as_int(s.dh), as_int(s.dw), cudnn::kCrossCorrelation, cudnn::kFloat),
               kWhat);
  cudnn_.check(cudnn_.set_groups(convolution_, as_int(s.groups)), kWhat);
  cudnn_.check(cudnn_.set_math(convolution_, math_of(context, dtype)), kWhat);
  algorithm_ = choose(asked);
  choice_.name = algorithm_name(algorithm_);
  cudnn_.check(cudnn_.set_math(convolution_, algorithm_.math), kWhat);
}

Convolution::~Convolution() {
  if (x_) cudnn_.destroy_tensor(x_);
  if (y_) cudnn_.destroy_tensor(y_);
  if (w_) cudnn_.destroy_filter(w_);
  if (convolution_) cudnn_.destroy_convolution(convolution_);
}

Algorithm Convolution::choose(const std::string& asked) {
  if (const auto algorithm = algorithm_of(asked)) {
    if (algorithm->workspace <= context_.options.workspace_limit) return *algorithm;
    choice_.refusal = "its workspace is larger than IABN_CUDA_WORKSPACE allows";
  } else if (!asked.empty()) {
    choice_.refusal = "this is cuDNN " + cudnn_version();
  }
  const std::string key = "cudnn direction " + std::to_string(static_cast<int>(direction_)) + " " +
                          convolution_key(context_, shape_, dtype_);
  if (const auto known = cached_algorithm(key)) return *known;
  const Algorithm measured = measure();
  cache_algorithm(key, measured);
  return measured;
}

// The fastest of the deterministic algorithms.
Algorithm Convolution::measure() const {
  constexpr int kMost = 16;
  cudnn::Performance results[kMost] = {};
  int found = 0;
  const size_t size = dtype_size(dtype_), limit = context_.options.workspace_limit;
  const auto bytes = [size](int64_t elements) { return static_cast<size_t>(elements) * size; };
  const Scratch x(bytes(shape_.n * shape_.c * shape_.h * shape_.w));
  const Scratch y(bytes(shape_.n * shape_.o * shape_.oh * shape_.ow));
  const Scratch w(bytes(weight_shape(shape_).elements())), workspace(limit);
  cudnn::Status status = cudnn::kSuccess;
  switch (direction_) {
    case Direction::forward:
      status = cudnn_.find_forward(cudnn_.handle(), x_, x.data(), w_, w.data(), convolution_, y_, y.data(),
                                   kMost, &found, results, workspace.data(), limit);
      break;
    case Direction::backward_data:
      status = cudnn_.find_backward_data(cudnn_.handle(), w_, w.data(), y_, y.data(), convolution_, x_,
                                         x.data(), kMost, &found, results, workspace.data(), limit);
      break;
    case Direction::backward_weights:
      status = cudnn_.find_backward_filter(cudnn_.handle(), x_, x.data(), y_, y.data(), convolution_, w_,
                                           w.data(), kMost, &found, results, workspace.data(), limit);
      break;
  }
  cudnn_.check(status, "the search for a convolution's algorithm");
  for (int i = 0; i < found; ++i) {
    const cudnn::Performance& each = results[i];
    if (each.status != cudnn::kSuccess || each.determinism != cudnn::kDeterministic) continue;
    if (each.memory <= limit) return {each.algorithm, each.math, each.memory};
  }
  throw Refused("cuDNN has no deterministic algorithm within a workspace of " + std::to_string(limit >> 20) +
                " MiB (IABN_CUDA_WORKSPACE)");
}

void Convolution::forward(const void* x, const void* w, void* y, void* workspace, float keep) const {
  const float one = 1.0f;
  cudnn_.check(cudnn_.forward(cudnn_.handle(), &one, x_, x, w_, w, convolution_, algorithm_.id, workspace,
                              algorithm_.workspace, &keep, y_, y),
               kWhat);
}

void Convolution::backward_data(const void* dy, const void* w, void* dx, void* workspace) const {
  const float one = 1.0f, zero = 0.0f;
  cudnn_.check(cudnn_.backward_data(cudnn_.handle(), &one, w_, w, y_, dy, convolution_, algorithm_.id,
                                    workspace, algorithm_.workspace, &zero, x_, dx),
               kWhat);
}

void Convolution::backward_weights(const void* x, const void* dy, void* dw, void* workspace) const {
  const float one = 1.0f, zero = 0.0f;
  cudnn_.check(cudnn_.backward_filter(cudnn_.handle(), &one, x_, x, y_, dy, convolution_, algorithm_.id,
                                      workspace, algorithm_.workspace, &zero, w_, dw),
               kWhat);
}

}  // namespace iabn::cuda
