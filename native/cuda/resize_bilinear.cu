// Bilinear resizing of x with half-pixel centers (align_corners=False).
#include "cuda/support/bilinear.h"
#include "cuda/support/kernels.h"
#include "cuda/support/pitched.h"
#include "cuda/support/windows.h"
#include "geometry/bilinear_taps.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Resize {
  int64_t channels, height, width, rows, columns;
  const T* x;
  T* y;
  int64_t x_pitch, y_pitch;

  __device__ void add(float weight, const T* from, float (&sum)[N]) const {
    if (weight == 0.0f) return;
    const Pack<T, N> pack = load_pack<N>(from);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += weight * to_float(pack.at[j]);
  }

  __device__ void operator()(int64_t item) const {
    const Pixel out(item, channels / N, N, rows, columns);
    const Tap down = bilinear_tap(out.y, height, rows), across = bilinear_tap(out.x, width, columns);
    const T* upper = x + ((out.image * height + down.low) * width + across.low) * x_pitch + out.c;
    const T* lower = upper + width * x_pitch;
    float top[N], bottom[N];
#pragma unroll
    for (int j = 0; j < N; ++j) top[j] = bottom[j] = 0.0f;
    add(across.first, upper, top);
    add(across.second, upper + x_pitch, top);
    if (down.second != 0.0f) {
      add(across.first, lower, bottom);
      add(across.second, lower + x_pitch, bottom);
#pragma unroll
      for (int j = 0; j < N; ++j) top[j] = down.first * top[j] + down.second * bottom[j];
    }
    store_pack(y + out.index * y_pitch + out.c, top);
  }
};

std::unique_ptr<Kernel> make_copy(const KernelSpec& spec, Context& context) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  check_resized(x, y);
  if (x.dims != y.dims) throw Refused("the size changes, so this is not a copy");
  const ChannelSlice source = channel_slice(x, 0), target = channel_slice(y, 0);
  const size_t bytes = static_cast<size_t>(x.channels()) * dtype_size(x.dtype);
  const int64_t rows = x.rows();
  return make_kernel_of([=, &context](const KernelArgs& args) {
    copy_rows(context, args.inputs[0], source, args.outputs[0], target, bytes, rows);
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc x = spec.inputs[0], y = spec.outputs[0];
  check_resized(x, y);
  const int pack = pack_of({&x, &y});
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      const Resize<T, N> resize = {x.channels(),  x.dims[2],      x.dims[3],     y.dims[2],    y.dims[3],
                                   args.in<T>(0), args.out<T>(0), x.row_pitch(), y.row_pitch()};
      for_items(context, y.rows() * (y.channels() / N), resize);
    });
  });
}

const OpRegistration registration("resize_bilinear", {make_copy, make});

}  // namespace
}  // namespace iabn::cuda
