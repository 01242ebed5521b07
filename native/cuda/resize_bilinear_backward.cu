// dx = Σ weight·dy over the outputs that this pixel contributes to, gathered in order: along each row, then
// over the rows.
#include "cuda/support/bilinear.h"
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/bilinear_taps.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Gather {
  int64_t channels, height, width, rows, columns;
  const T* dy;
  T* dx;
  int64_t dy_pitch, dx_pitch;

  __device__ void operator()(int64_t item) const {
    const Pixel in(item, channels / N, N, height, width);
    const TapRange down = outputs_of(in.y, height, rows), across = outputs_of(in.x, width, columns);
    float total[N];
#pragma unroll
    for (int j = 0; j < N; ++j) total[j] = 0.0f;
    for (int64_t oy = down.begin; oy < down.end; ++oy) {
      const float weight = share_of(in.y, oy, height, rows);
      if (weight == 0.0f) continue;
      const T* line = dy + (in.image * rows + oy) * columns * dy_pitch + in.c;
      for (int64_t ox = across.begin; ox < across.end; ++ox) {
        const float share = weight * share_of(in.x, ox, width, columns);
        if (share == 0.0f) continue;
        const Pack<T, N> diff = load_pack<N>(line + ox * dy_pitch);
#pragma unroll
        for (int j = 0; j < N; ++j) total[j] += share * to_float(diff.at[j]);
      }
    }
    store_pack(dx + in.index * dx_pitch + in.c, total);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc dy = spec.inputs[0], dx = spec.outputs[0];
  check_resized(dx, dy);
  const int pack = pack_of({&dy, &dx});
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      const Gather<T, N> gather = {dx.channels(), dx.dims[2],     dx.dims[3],     dy.dims[2],    dy.dims[3],
                                   args.in<T>(0), args.out<T>(0), dy.row_pitch(), dx.row_pitch()};
      for_items(context, dx.rows() * (dx.channels() / N), gather);
    });
  });
}

const OpRegistration registration("resize_bilinear_backward", {make});

}  // namespace
}  // namespace iabn::cuda
