// Every element is attrs.value.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class T>
void fill(const Context& context, int64_t count, float value, T* out) {
  for_items(context, count, [=] __device__(int64_t i) { store(out + i, value); });
}

void fill_integers(const Context& context, int64_t count, int32_t value, int32_t* out) {
  for_items(context, count, [=] __device__(int64_t i) { out[i] = value; });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const double value = spec.attrs.number("value");
  const int64_t count = spec.outputs[0].elements();
  if (spec.outputs[0].dtype == DType::i32) {
    return make_kernel_of([=, &context](const KernelArgs& args) {
      fill_integers(context, count, static_cast<int32_t>(value), args.out<int32_t>(0));
    });
  }
  return make_data_kernel(spec.outputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    fill(context, count, static_cast<float>(value), args.out<typename decltype(type)::type>(0));
  });
}

const OpRegistration registration("constant", {make});

}  // namespace
}  // namespace iabn::cuda
