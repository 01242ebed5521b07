// The tensors in a flat vector; tensors that are already in place are not copied.
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "program/flat.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  std::vector<size_t> bytes;
  for (const TensorDesc& x : spec.outputs) bytes.push_back(x.bytes());
  const std::vector<size_t> begins = flat_begins(bytes);
  return make_kernel_of([bytes, begins, &context](const KernelArgs& args) {
    const uint8_t* flat = args.in<uint8_t>(0);
    for (size_t i = 0; i < bytes.size(); ++i) {
      copy_bytes(context, args.out<uint8_t>(i), flat + begins[i], bytes[i]);
    }
  });
}

const OpRegistration registration("unpack", {make});

}  // namespace
}  // namespace iabn::cuda
