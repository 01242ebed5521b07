// dx[n,c,…] = dy[n,c] / pixels.   dy [N,C], dx [N,C,S1,…] channels-last.
#include "cuda/support/kernels.h"
#include "cuda/support/rows.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
__global__ void __launch_bounds__(kThreads) spread(RowMap map, const T* dy, float pixels, T* dx) {
  const RowCell cell(map);
  if (!cell.active) return;
  const Pack<T, N> diff = load_pack<N>(dy + blockIdx.z * map.channels + cell.c);
  float share[N];
#pragma unroll
  for (int j = 0; j < N; ++j) share[j] = to_float(diff.at[j]) / pixels;
  for (int64_t row = cell.begin; row < cell.end; row += cell.step) {
    store_pack(dx + row * map.channels + cell.c, share);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& dx = spec.outputs[0];
  const RowMap map = row_map(context, {&dx}, kMapBlocks, dx.dims[0]);
  const float pixels = static_cast<float>(map.rows);
  return make_data_kernel(dx.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    if (map.empty()) return;
    with_pack<T>(map.pack, [&](auto width) {
      launch(context.stream, spread<T, decltype(width)::value>, map.grid(), kThreads, map, args.in<T>(0),
             pixels, args.out<T>(0));
    });
  });
}

const OpRegistration registration("global_avg_pool_backward", {make});

}  // namespace
}  // namespace iabn::cuda
