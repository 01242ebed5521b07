// Stops the program before the following instructions if a value is not finite. The host waits for the value.
#include <cmath>
#include <memory>
#include <string>

#include "cuda/support/kernels.h"
#include "cuda/support/pinned.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const size_t count = static_cast<size_t>(spec.inputs[0].elements());
  const std::string what = spec.attrs.string("what");
  const auto copy = std::make_shared<Pinned<float>>(count);
  return make_host_kernel([=, &context](const KernelArgs& args) {
    check(cudaMemcpyAsync(copy->data(), args.inputs[0], count * sizeof(float), cudaMemcpyDeviceToHost,
                          context.stream),
          "copy");
    check(context.wait(), "the kernels before it");
    for (size_t i = 0; i < count; ++i) {
      const float value = copy->data()[i];
      if (std::isfinite(value)) continue;
      const char* text = std::isnan(value) ? "NaN" : value > 0.0f ? "Infinity" : "-Infinity";
      throw RunStopped(what + " is not finite (" + text + ")");
    }
  });
}

const OpRegistration registration("guard_finite", {make});

}  // namespace
}  // namespace iabn::cuda
