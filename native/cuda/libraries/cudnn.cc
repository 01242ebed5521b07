#include "cuda/libraries/cudnn.h"

#include <stdexcept>

namespace iabn::cuda {
namespace {

// 8907 is 8.9.7, 90100 is 9.1.0.
std::string version_text(size_t version) {
  const size_t major = version >= 10000 ? version / 10000 : version / 1000;
  const size_t rest = version >= 10000 ? version % 10000 : version % 1000;
  return std::to_string(major) + "." + std::to_string(rest / 100) + "." + std::to_string(rest % 100);
}

}  // namespace

Library Cudnn::open() {
  return Library("cuDNN", "IABN_CUDNN_LIBRARY", {"libcudnn.so.9", "libcudnn.so.8", "libcudnn.so"});
}

std::string cudnn_version() {
  const Library library = Cudnn::open();
  cudnn::GetVersion* version = nullptr;
  library.resolve(version, "cudnnGetVersion");
  return version_text(version());
}

Cudnn::Cudnn(cudaStream_t stream) : library_(open()) {
  resolve_all();
  check(create_(&handle_), "cuDNN");
  check(set_stream_(handle_, stream), "cuDNN");
}

Cudnn::~Cudnn() {
  if (handle_) destroy_(handle_);
}

void Cudnn::resolve_all() {
  library_.resolve(create_, "cudnnCreate");
  library_.resolve(destroy_, "cudnnDestroy");
  library_.resolve(set_stream_, "cudnnSetStream");
  library_.resolve(error_string_, "cudnnGetErrorString");
  library_.resolve(create_tensor, "cudnnCreateTensorDescriptor");
  library_.resolve(set_tensor, "cudnnSetTensor4dDescriptorEx");
  library_.resolve(destroy_tensor, "cudnnDestroyTensorDescriptor");
  library_.resolve(create_filter, "cudnnCreateFilterDescriptor");
  library_.resolve(set_filter, "cudnnSetFilter4dDescriptor");
  library_.resolve(destroy_filter, "cudnnDestroyFilterDescriptor");
  library_.resolve(create_convolution, "cudnnCreateConvolutionDescriptor");
  library_.resolve(set_convolution, "cudnnSetConvolution2dDescriptor");
  library_.resolve(set_groups, "cudnnSetConvolutionGroupCount");
  library_.resolve(set_math, "cudnnSetConvolutionMathType");
  library_.resolve(destroy_convolution, "cudnnDestroyConvolutionDescriptor");
  library_.resolve(find_forward, "cudnnFindConvolutionForwardAlgorithmEx");
  library_.resolve(find_backward_data, "cudnnFindConvolutionBackwardDataAlgorithmEx");
  library_.resolve(find_backward_filter, "cudnnFindConvolutionBackwardFilterAlgorithmEx");
  library_.resolve(forward, "cudnnConvolutionForward");
  library_.resolve(backward_data, "cudnnConvolutionBackwardData");
  library_.resolve(backward_filter, "cudnnConvolutionBackwardFilter");
}

void Cudnn::check(cudnn::Status status, const char* what) const {
  if (status == cudnn::kSuccess) return;
  throw std::runtime_error(std::string(what) + ": " + error_string_(status));
}

}  // namespace iabn::cuda
