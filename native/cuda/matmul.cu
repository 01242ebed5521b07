// c = a·b for activations, as matrices or batches of matrices (geometry/matmul_shape.h). Each block computes
// a tile of c from tiles of a and b in shared memory, with float32 sums in order.
#include "cuda/support/kernels.h"
#include "cuda/support/launch.h"
#include "geometry/matmul_shape.h"

namespace iabn::cuda {
namespace {

constexpr int kTile = 16;

template <class T>
__global__ void __launch_bounds__(kTile* kTile) multiply(MatmulShape s, const T* a, const T* b, T* c) {
  // The extra column avoids bank conflicts between threads that walk down a tile.
  __shared__ float left[kTile][kTile + 1], right[kTile][kTile + 1];
  const int down = static_cast<int>(threadIdx.x) / kTile, across = static_cast<int>(threadIdx.x) % kTile;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kTile + down;
  const int64_t j = static_cast<int64_t>(blockIdx.y) * kTile + across;
  const int64_t first = blockIdx.z, terms = s.sum ? s.batches : 1;
  float sum = 0.0f;
  for (int64_t batch = first; batch < first + terms; ++batch) {
    for (int64_t k = 0; k < s.k; k += kTile) {
      const int64_t column = k + across, row = k + down;
      left[down][across] =
          i < s.m && column < s.k ? to_float(a[batch * s.a.batch + i * s.a.row + column * s.a.column]) : 0.0f;
      right[down][across] =
          row < s.k && j < s.n ? to_float(b[batch * s.b.batch + row * s.b.row + j * s.b.column]) : 0.0f;
      __syncthreads();
      const int64_t count = s.k - k < kTile ? s.k - k : kTile;
      for (int64_t t = 0; t < count; ++t) sum += left[down][t] * right[t][across];
      __syncthreads();
    }
  }
  if (i < s.m && j < s.n) store(c + first * s.c.batch + i * s.c.row + j * s.c.column, sum);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const MatmulShape s = MatmulShape::from(spec.attrs, spec.inputs[0], spec.inputs[1], spec.outputs[0]);
  const auto tiles = [](int64_t size) { return static_cast<unsigned>((size + kTile - 1) / kTile); };
  const dim3 grid(tiles(s.m), tiles(s.n), static_cast<unsigned>(s.results()));
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    launch(context.stream, multiply<T>, grid, kTile * kTile, s, args.in<T>(0), args.in<T>(1), args.out<T>(0));
  });
}

const OpRegistration registration("matmul", {make});

}  // namespace
}  // namespace iabn::cuda
