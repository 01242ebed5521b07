// y = max over the window; index = kh·KW + kw of the first maximum; NaN counts as the maximum.
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct MaxPool {
  PoolShape s;
  const T* x;
  T* y;
  uint8_t* index;

  __device__ void operator()(int64_t item) const {
    const Pixel out(item, s.c / N, N, s.oh, s.ow);
    const Range rows = window(out.y, s.kh, s.sh, s.ph, s.h), columns = window(out.x, s.kw, s.sw, s.pw, s.w);
    float best[N];
    int place[N];
    bool first = true;
#pragma unroll
    for (int j = 0; j < N; ++j) best[j] = -INFINITY, place[j] = 0;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const int64_t pixel = (out.image * s.h + row) * s.w + column;
        const Pack<T, N> pack = load_pack<N>(x + pixel * s.x_pitch + out.c);
        const int here = static_cast<int>((row - out.y * s.sh + s.ph) * s.kw + column - out.x * s.sw + s.pw);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const float value = to_float(pack.at[j]);
          const bool take = first || (!(value <= best[j]) && best[j] == best[j]);
          best[j] = take ? value : best[j];
          place[j] = take ? here : place[j];
        }
        first = false;
      }
    }
    store_pack(y + out.index * s.y_pitch + out.c, best);
#pragma unroll
    for (int j = 0; j < N; ++j) index[out.index * s.c + out.c + j] = static_cast<uint8_t>(place[j]);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  const PoolShape s = PoolShape::from(spec.attrs, x, y);
  if (s.kh * s.kw > 256) throw Refused("max_pool: a kernel of more than 256 taps has no index in a byte");
  const int pack = pack_of({&x, &y});
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.n * s.oh * s.ow * (s.c / N),
                MaxPool<T, N>{s, args.in<T>(0), args.out<T>(0), args.out<uint8_t>(1)});
    });
  });
}

const OpRegistration registration("max_pool", {make});

}  // namespace
}  // namespace iabn::cuda
