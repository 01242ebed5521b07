// dx = dy in the channels starting at `begin`, 0 elsewhere.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

struct Slice {
  int64_t begin, length, channels;
  int64_t dy_pitch, dx_pitch;
};

template <class T>
void run(const Context& context, int64_t rows, Slice s, const T* dy, T* dx) {
  for_items(context, rows * s.channels, [=] __device__(int64_t i) {
    const int64_t row = i / s.channels, c = i % s.channels, from = c - s.begin;
    const bool inside = from >= 0 && from < s.length;
    store(dx + row * s.dx_pitch + c, inside ? to_float(dy[row * s.dy_pitch + from]) : 0.0f);
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  const Slice slice = {spec.attrs.integer("begin"), dy.channels(), dx.channels(), dy.row_pitch(),
                       dx.row_pitch()};
  const int64_t rows = dx.rows();
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    run(context, rows, slice, args.in<T>(0), args.out<T>(0));
  });
}

const OpRegistration registration("slice_channels_backward", {make});

}  // namespace
}  // namespace iabn::cuda
