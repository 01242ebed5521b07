// Packs tensors of 4-byte elements, each at a multiple of 16 elements, with zeros in the gaps.
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "program/flat.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  std::vector<size_t> bytes;
  for (const TensorDesc& x : spec.inputs) bytes.push_back(x.bytes());
  const std::vector<size_t> begins = flat_begins(bytes);
  return make_kernel_of([bytes, begins, &context](const KernelArgs& args) {
    uint8_t* flat = args.out<uint8_t>(0);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t end = begins[i] + bytes[i];
      copy_bytes(context, flat + begins[i], args.in<uint8_t>(i), bytes[i]);
      clear_bytes(context, flat + end, begins[i + 1] - end);
    }
  });
}

const OpRegistration registration("pack", {make});

}  // namespace
}  // namespace iabn::cuda
