// out[n,c,…] = φ(a[n,c,…] + b[n,c]); out may overwrite a.
#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/rows.h"

namespace iabn::cuda {
namespace {

template <class T, int N, class Phi>
__global__ void __launch_bounds__(kThreads) add(RowMap map, const T* a, const T* b, T* out, Phi phi) {
  const RowCell cell(map);
  if (!cell.active) return;
  const Pack<T, N> addend = load_pack<N>(b + blockIdx.z * map.channels + cell.c);
  for (int64_t row = cell.begin; row < cell.end; row += cell.step) {
    const Pack<T, N> pack = load_pack<N>(a + row * map.channels + cell.c);
    float sum[N];
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] = phi.forward(to_float(pack.at[j]) + to_float(addend.at[j]));
    store_pack(out + row * map.channels + cell.c, sum);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& a = spec.inputs[0];
  const RowMap map = row_map(context, {&a}, kMapBlocks, a.dims[0]);
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(a.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    if (map.empty()) return;
    with_activation(activation, [&](auto phi) {
      with_pack<T>(map.pack, [&](auto width) {
        launch(context.stream, add<T, decltype(width)::value, decltype(phi)>, map.grid(), kThreads, map,
               args.in<T>(0), args.in<T>(1), args.out<T>(0), phi);
      });
    });
  });
}

const OpRegistration registration("broadcast_add", {make});

}  // namespace
}  // namespace iabn::cuda
