// y = Σ x over the window / number of taps (padding counts only with count_include_pad).
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"

namespace iabn::cuda {
namespace {

// float32 along a row of the window, float64 over its rows.
template <class T, int N>
struct AvgPool {
  PoolShape s;
  bool include_padding;
  const T* x;
  T* y;

  __device__ void operator()(int64_t item) const {
    const Pixel out(item, s.c / N, N, s.oh, s.ow);
    const Range rows = window(out.y, s.kh, s.sh, s.ph, s.h), columns = window(out.x, s.kw, s.sw, s.pw, s.w);
    double total[N];
    float sum[N];
#pragma unroll
    for (int j = 0; j < N; ++j) total[j] = 0.0;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
#pragma unroll
      for (int j = 0; j < N; ++j) sum[j] = 0.0f;
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const int64_t pixel = (out.image * s.h + row) * s.w + column;
        const Pack<T, N> pack = load_pack<N>(x + pixel * s.x_pitch + out.c);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += to_float(pack.at[j]);
      }
#pragma unroll
      for (int j = 0; j < N; ++j) total[j] += static_cast<double>(sum[j]);
    }
    const float taps = window_taps(s, out.y, out.x, include_padding);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] = static_cast<float>(total[j]) / taps;
    store_pack(y + out.index * s.y_pitch + out.c, sum);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  const PoolShape s = PoolShape::from(spec.attrs, x, y);
  const bool include_padding = spec.attrs.boolean("count_include_pad");
  const int pack = pack_of({&x, &y});
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.n * s.oh * s.ow * (s.c / N),
                AvgPool<T, N>{s, include_padding, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("avg_pool", {make});

}  // namespace
}  // namespace iabn::cuda
