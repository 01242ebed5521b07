// y[n,c] = Σ x[n,c,…] / pixels.   x [N,C,S1,…] channels-last, y [N,C].
#include <stdexcept>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/pooling.h"

namespace iabn {
namespace {

// Length of float32 sums, which are added in double.
constexpr int64_t kRun = 64;

template <class T>
IABN_INLINE void mean_block(const T* x, int64_t pixels, int64_t channels, int64_t count, T* y) {
  double total[kPoolBlock];
  for (int64_t c = 0; c < count; ++c) total[c] = 0;
  for (int64_t begin = 0; begin < pixels; begin += kRun) {
    const int64_t end = begin + kRun < pixels ? begin + kRun : pixels;
    float sum[kPoolBlock];
    for (int64_t c = 0; c < count; ++c) sum[c] = 0;
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      for (int64_t c = 0; c < count; ++c) sum[c] += load(x + pixel * channels + c);
    }
    for (int64_t c = 0; c < count; ++c) total[c] += static_cast<double>(sum[c]);
  }
  for (int64_t c = 0; c < count; ++c)
    store(y + c, static_cast<float>(total[c] / static_cast<double>(pixels)));
}

IABN_SIMD void block_leaf(const float* x, int64_t pixels, int64_t channels, int64_t count, float* y) {
  mean_block(x, pixels, channels, count, y);
}

IABN_SIMD void block_leaf(const bf16* x, int64_t pixels, int64_t channels, int64_t count, bf16* y) {
  mean_block(x, pixels, channels, count, y);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  if (x.rank() < 2 || y.rank() != 2 || x.dims[0] != y.dims[0] || x.dims[1] != y.dims[1] ||
      x.dtype != y.dtype) {
    throw std::invalid_argument("global_avg_pool: expected x of N,C,H,W and y of N,C in one dtype");
  }
  const int64_t images = x.dims[0], channels = x.channels();
  const int64_t pixels = images == 0 ? 0 : x.rows() / images, blocks = ceil_div(channels, kPoolBlock);
  return make_data_kernel(x.dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_divide(most_threads(), images * blocks, [&](int64_t task, int) {
      const int64_t n = task / blocks, c = task % blocks * kPoolBlock;
      block_leaf(args.in<T>(0) + n * pixels * channels + c, pixels, channels,
                 std::min(kPoolBlock, channels - c), args.out<T>(0) + n * channels + c);
    });
  });
}

const OpRegistration registration("global_avg_pool", {make});

}  // namespace
}  // namespace iabn
