// y = x blurred by [1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, with reflected borders
// (geometry/blur_axis.h).
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/blur_axis.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Blur {
  BlurredImages s;
  const T* x;
  T* y;

  // Σ [1, 2, 1] along a row of x around column 2·out.
  __device__ void across(const T* row, int64_t out, float weight, float (&sum)[N]) const {
    const int64_t at[3] = {s.columns.before(out), 2 * out, s.columns.after(out)};
#pragma unroll
    for (int tap = 0; tap < 3; ++tap) {
      const Pack<T, N> pack = load_pack<N>(row + at[tap] * s.x_pitch);
      const float share = tap == 1 ? 2 * weight : weight;
#pragma unroll
      for (int j = 0; j < N; ++j) sum[j] += share * to_float(pack.at[j]);
    }
  }

  __device__ void operator()(int64_t item) const {
    const Pixel out(item, s.channels / N, N, s.rows.outputs, s.columns.outputs);
    const int64_t line = s.columns.size * s.x_pitch;
    const T* image = x + out.image * s.rows.size * line + out.c;
    float sum[N];
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] = 0.0f;
    across(image + s.rows.before(out.y) * line, out.x, 1.0f, sum);
    across(image + 2 * out.y * line, out.x, 2.0f, sum);
    across(image + s.rows.after(out.y) * line, out.x, 1.0f, sum);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] *= 0.0625f;
    store_pack(y + out.index * s.y_pitch + out.c, sum);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  const BlurredImages s = BlurredImages::from(x, y);
  const int pack = pack_of({&x, &y});
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.images * s.rows.outputs * s.columns.outputs * (s.channels / N),
                Blur<T, N>{s, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("blur_pool", {make});

}  // namespace
}  // namespace iabn::cuda
