// dx = Σ dy over a pixel and its copies, gathered in order: each row's copies first, then the rows.
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/padded_images.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Gather {
  PaddedImages s;
  const T* dy;
  T* dx;

  __device__ void operator()(int64_t item) const {
    const Pixel in(item, s.channels / N, N, s.rows.inner, s.columns.inner);
    const Range lines{s.rows.first(in.y), s.rows.end(in.y)},
        pixels{s.columns.first(in.x), s.columns.end(in.x)};
    float total[N];
#pragma unroll
    for (int j = 0; j < N; ++j) total[j] = 0.0f;
    for (int64_t line = lines.begin; line < lines.end; ++line) {
      float sum[N];
#pragma unroll
      for (int j = 0; j < N; ++j) sum[j] = 0.0f;
      const T* row = dy + (in.image * s.rows.padded + line) * s.columns.padded * s.padded_pitch + in.c;
      for (int64_t p = pixels.begin; p < pixels.end; ++p) {
        const Pack<T, N> diff = load_pack<N>(row + p * s.padded_pitch);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += to_float(diff.at[j]);
      }
#pragma unroll
      for (int j = 0; j < N; ++j) total[j] += sum[j];
    }
    store_pack(dx + in.index * s.inner_pitch + in.c, total);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  const PaddedImages s = PaddedImages::from(spec.attrs, dx, dy);
  const int pack = pack_of({&dy, &dx});
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.images * s.rows.inner * s.columns.inner * (s.channels / N),
                Gather<T, N>{s, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("pad_replicate_backward", {make});

}  // namespace
}  // namespace iabn::cuda
