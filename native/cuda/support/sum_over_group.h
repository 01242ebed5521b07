// Σ over the processes of a group, in place.
#pragma once

#include "cuda/support/exchange.h"

namespace iabn::cuda {

inline std::unique_ptr<Kernel> make_sum(const KernelSpec& spec, Context& context) {
  const TensorDesc& x = spec.inputs[0];
  expect_reducible(x);
  const size_t elements = static_cast<size_t>(x.elements());
  const DType dtype = x.dtype;
  const int type = dtype == DType::i32 ? nccl::kInt32 : nccl::kFloat32;
  return make_exchange(
      spec, context,
      [=, &context](Nccl& nccl, nccl::Comm communicator, void* data) {
        nccl.check(nccl.all_reduce(data, data, elements, type, nccl::kSum, communicator, context.stream),
                   "all_reduce");
      },
      [=](PluginHost& host, const std::string& group, void* data) {
        host.all_reduce(group, data, elements, dtype);
      });
}

}  // namespace iabn::cuda
