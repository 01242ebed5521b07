// Packs tensors of 4-byte elements, each at a multiple of 16 elements, with zeros in the gaps.
#include <algorithm>
#include <cstring>
#include <vector>

#include "cpu/loops/closure.h"
#include "program/flat.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  std::vector<size_t> bytes;
  for (const TensorDesc& x : spec.inputs) bytes.push_back(x.bytes());
  const std::vector<size_t> begins = flat_begins(bytes);
  return make_kernel_of([bytes, begins](const KernelArgs& args) {
    uint8_t* flat = args.out<uint8_t>(0);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t end = begins[i] + bytes[i];
      if (bytes[i] > 0) std::memcpy(flat + begins[i], args.in<uint8_t>(i), bytes[i]);
      std::memset(flat + end, 0, begins[i + 1] - end);
    }
  });
}

const OpRegistration registration("pack", {make});

}  // namespace
}  // namespace iabn
