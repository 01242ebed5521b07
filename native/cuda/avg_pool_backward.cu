// dx = Σ dy / taps over the windows that contain this element, gathered in order.
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Gather {
  PoolShape s;
  bool include_padding;
  const T* dy;
  T* dx;

  __device__ void operator()(int64_t item) const {
    const Pixel in(item, s.c / N, N, s.h, s.w);
    const Range lines = windows_over(in.y, s.kh, s.sh, s.ph, s.oh);
    const Range pixels = windows_over(in.x, s.kw, s.sw, s.pw, s.ow);
    float sum[N];
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] = 0.0f;
    for (int64_t oy = lines.begin; oy < lines.end; ++oy) {
      for (int64_t ox = pixels.begin; ox < pixels.end; ++ox) {
        const float share = 1.0f / window_taps(s, oy, ox, include_padding);
        const int64_t pixel = (in.image * s.oh + oy) * s.ow + ox;
        const Pack<T, N> diff = load_pack<N>(dy + pixel * s.y_pitch + in.c);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += to_float(diff.at[j]) * share;
      }
    }
    store_pack(dx + in.index * s.x_pitch + in.c, sum);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  const PoolShape s = PoolShape::from(spec.attrs, dx, dy);
  const bool include_padding = spec.attrs.boolean("count_include_pad");
  const int pack = pack_of({&dy, &dx});
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.n * s.h * s.w * (s.c / N),
                Gather<T, N>{s, include_padding, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("avg_pool_backward", {make});

}  // namespace
}  // namespace iabn::cuda
