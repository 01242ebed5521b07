// cuDNN of one device.
#pragma once

#include <string>

#include "cuda/libraries/cudnn_api.h"
#include "cuda/libraries/library.h"

namespace iabn::cuda {

class Cudnn {
 public:
  explicit Cudnn(cudaStream_t stream);
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  // Throws std::runtime_error with cuDNN's reason.
  void check(cudnn::Status status, const char* what) const;
  cudnn::Handle handle() const { return handle_; }
  static Library open();

  cudnn::CreateTensor* create_tensor;
  cudnn::SetTensor* set_tensor;
  cudnn::DestroyTensor* destroy_tensor;
  cudnn::CreateFilter* create_filter;
  cudnn::SetFilter* set_filter;
  cudnn::DestroyFilter* destroy_filter;
  cudnn::CreateConvolution* create_convolution;
  cudnn::SetConvolution* set_convolution;
  cudnn::SetGroups* set_groups;
  cudnn::SetMath* set_math;
  cudnn::DestroyConvolution* destroy_convolution;
  cudnn::FindForward* find_forward;
  cudnn::FindBackwardData* find_backward_data;
  cudnn::FindBackwardFilter* find_backward_filter;
  cudnn::Forward* forward;
  cudnn::BackwardData* backward_data;
  cudnn::BackwardFilter* backward_filter;

 private:
  void resolve_all();

  Library library_;
  cudnn::Create* create_;
  cudnn::Destroy* destroy_;
  cudnn::SetStream* set_stream_;
  cudnn::GetErrorString* error_string_;
  cudnn::Handle handle_ = nullptr;
};

// Its version ("9.1.0"), read without creating a handle; throws like Library.
std::string cudnn_version();

}  // namespace iabn::cuda
