// A cuDNN convolution: channels-last images and O×KH×KW×I weights of one dtype, summed in float32.
#pragma once

#include <memory>
#include <string>

#include "cuda/libraries/cudnn.h"
#include "cuda/support/context.h"
#include "cuda/support/weight_shape.h"
#include "geometry/conv_shape.h"
#include "program/kernel.h"

namespace iabn::cuda {

enum class Direction { forward, backward_data, backward_weights };

// The algorithm of one direction, autotuned within the workspace limit and cached (algorithm_cache.h).
struct Algorithm {
  int id = 0;
  int math = 0;
  size_t workspace = 0;
};

class Convolution {
 public:
  // `asked`: name of the Choice to use; empty to autotune.
  Convolution(Context& context, const ConvShape& shape, DType dtype, Direction direction,
              const std::string& asked);
  ~Convolution();
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  size_t workspace_bytes() const { return algorithm_.workspace; }
  std::string implementation() const { return "cudnn:" + std::to_string(algorithm_.id); }
  const Choice& choice() const { return choice_; }

  // Each for its own direction. `keep`: 1 adds to the content of y, 0 overwrites it.
  void forward(const void* x, const void* w, void* y, void* workspace, float keep) const;
  void backward_data(const void* dy, const void* w, void* dx, void* workspace) const;
  void backward_weights(const void* x, const void* dy, void* dw, void* workspace) const;

 private:
  Algorithm choose(const std::string& asked);
  Algorithm measure() const;

  Context& context_;
  Cudnn& cudnn_;
  ConvShape shape_;
  DType dtype_;
  Direction direction_;
  cudnn::Tensor x_ = nullptr, y_ = nullptr;
  cudnn::Filter w_ = nullptr;
  cudnn::Convolution convolution_ = nullptr;
  Algorithm algorithm_;
  Choice choice_;
};

// Cache key of an autotuned choice: the convolution, the device and its library.
std::string convolution_key(const Context& context, const ConvShape& shape, DType dtype);

inline WeightShape weight_shape(const ConvShape& s) { return {s.o, s.group_inputs(), s.kh * s.kw}; }

}  // namespace iabn::cuda
