// A kernel's process group: NCCL if every process has it, otherwise through host memory.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/libraries/nccl.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"

namespace iabn::cuda {

inline void expect_reducible(const TensorDesc& x) {
  if (x.dtype == DType::f32 || x.dtype == DType::i32) return;
  throw std::invalid_argument("sums over processes require float32 or int32");
}

// Sums over the processes of a group, in place.
struct Reduction {
  size_t elements;
  DType dtype;

  void by_nccl(Context& context, const std::string& group, Lane lane, void* data, cudaStream_t stream) const {
    Nccl& nccl = context.nccl();
    const int type = dtype == DType::i32 ? nccl::kInt32 : nccl::kFloat32;
    nccl.check(
        nccl.all_reduce(data, data, elements, type, nccl::kSum, nccl.communicator(group, lane), stream),
        "all_reduce");
  }
  void by_host(PluginHost& host, const std::string& group, void* data) const {
    host.all_reduce(group, data, elements, dtype);
  }
};

inline Reduction reduction_of(const KernelSpec& spec) {
  const TensorDesc& x = spec.inputs[0];
  expect_reducible(x);
  return {static_cast<size_t>(x.elements()), x.dtype};
}

// Host memory between the device and the process group.
class HostCopy {
 public:
  explicit HostCopy(size_t bytes) : bytes_(bytes) {}
  uint8_t* fetch(Context& context, const void* src) {
    data_.resize(bytes_);
    check(cudaMemcpyAsync(data_.data(), src, bytes_, cudaMemcpyDeviceToHost, context.stream), "copy");
    check(context.wait(), "the kernels before it");
    return data_.data();
  }
  uint8_t* data() { return data_.data(); }

 private:
  size_t bytes_;
  std::vector<uint8_t> data_;
};

inline void send_to_device(const Context& context, void* dst, const void* src, size_t bytes) {
  check(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, context.stream), "copy");
  check(cudaStreamSynchronize(context.stream), "copy");
}

// A kernel that updates its operand in place. by_nccl(nccl, communicator, data) enqueues on the stream;
// by_host(host, group, data) modifies host bytes.
template <class ByNccl, class ByHost>
std::unique_ptr<Kernel> make_exchange(const KernelSpec& spec, Context& context, ByNccl by_nccl,
                                      ByHost by_host) {
  const std::string group = spec.attrs.string("group");
  const size_t bytes = spec.inputs[0].bytes();
  if (group.empty() || bytes == 0) {
    return make_kernel_of([bytes, &context](const KernelArgs& args) {
      copy_bytes(context, args.outputs[0], args.inputs[0], bytes);
    });
  }
  if (context.options.nccl) {
    return make_kernel_of([=, &context](const KernelArgs& args) {
      void* data = args.outputs[0];
      copy_bytes(context, data, args.inputs[0], bytes);
      by_nccl(group, data);
    });
  }
  const auto copy = std::make_shared<HostCopy>(bytes);
  return make_host_kernel([=, &context](const KernelArgs& args) {
    by_host(*context.host, group, copy->fetch(context, args.inputs[0]));
    send_to_device(context, args.outputs[0], copy->data(), bytes);
  });
}

}  // namespace iabn::cuda
