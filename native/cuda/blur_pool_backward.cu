// dx = Σ weight·dy over the outputs that a pixel contributes to, gathered in order (geometry/blur_axis.h).
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/blur_axis.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct GatherBlurred {
  BlurredImages s;
  const T* dy;
  T* dx;

  __device__ void operator()(int64_t item) const {
    const Pixel in(item, s.channels / N, N, s.rows.size, s.columns.size);
    float sum[N];
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] = 0.0f;
    for (int64_t row = s.rows.first(in.y); row < s.rows.end(in.y); ++row) {
      for (int64_t column = s.columns.first(in.x); column < s.columns.end(in.x); ++column) {
        const float share = s.rows.share(in.y, row) * s.columns.share(in.x, column);
        const int64_t pixel = (in.image * s.rows.outputs + row) * s.columns.outputs + column;
        const Pack<T, N> pack = load_pack<N>(dy + pixel * s.y_pitch + in.c);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += share * to_float(pack.at[j]);
      }
    }
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] *= 0.0625f;
    store_pack(dx + in.index * s.x_pitch + in.c, sum);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  const BlurredImages s = BlurredImages::from(dx, dy);
  const int pack = pack_of({&dy, &dx});
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.images * s.rows.size * s.columns.size * (s.channels / N),
                GatherBlurred<T, N>{s, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("blur_pool_backward", {make});

}  // namespace
}  // namespace iabn::cuda
