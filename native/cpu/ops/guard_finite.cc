// Stops the program before the following instructions if a value is not finite.
#include <cmath>
#include <string>

#include "cpu/loops/closure.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t count = spec.inputs[0].elements();
  const std::string what = spec.attrs.string("what");
  return make_kernel_of([=](const KernelArgs& args) {
    const float* value = args.in<float>(0);
    for (int64_t i = 0; i < count; ++i) {
      if (std::isfinite(value[i])) continue;
      const char* text = std::isnan(value[i]) ? "NaN" : value[i] > 0.0f ? "Infinity" : "-Infinity";
      throw RunStopped(what + " is not finite (" + text + ")");
    }
  });
}

const OpRegistration registration("guard_finite", {make});

}  // namespace
}  // namespace iabn
