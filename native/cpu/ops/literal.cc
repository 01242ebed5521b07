// Element i is attrs.values[i].
#include <algorithm>
#include <vector>

#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const std::vector<double> values = spec.attrs.numbers("values");
  if (static_cast<int64_t>(values.size()) != spec.outputs[0].elements()) {
    throw std::invalid_argument("literal: expected as many values as elements");
  }
  const std::vector<float> floats(values.begin(), values.end());
  return make_kernel_of(
      [floats](const KernelArgs& args) { std::copy(floats.begin(), floats.end(), args.out<float>(0)); });
}

const OpRegistration registration("literal", {make});

}  // namespace
}  // namespace iabn
