// dx[n,c,…] = dy[n,c] / pixels.   dy [N,C], dx [N,C,S1,…] channels-last.
#include <algorithm>
#include <stdexcept>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

constexpr int64_t kTaskPixels = 64;

template <class T>
IABN_INLINE void spread(const T* dy, float pixels, int64_t channels, int64_t count, T* dx) {
  for (int64_t pixel = 0; pixel < count; ++pixel) {
    for (int64_t c = 0; c < channels; ++c) store(dx + pixel * channels + c, load(dy + c) / pixels);
  }
}

IABN_SIMD void spread_leaf(const float* dy, float pixels, int64_t channels, int64_t count, float* dx) {
  spread(dy, pixels, channels, count, dx);
}

IABN_SIMD void spread_leaf(const bf16* dy, float pixels, int64_t channels, int64_t count, bf16* dx) {
  spread(dy, pixels, channels, count, dx);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  if (dx.rank() < 2 || dy.rank() != 2 || dx.dims[0] != dy.dims[0] || dx.dims[1] != dy.dims[1] ||
      dx.dtype != dy.dtype) {
    throw std::invalid_argument(
        "global_avg_pool_backward: expected dy of N,C and dx of N,C,H,W in one dtype");
  }
  const int64_t images = dx.dims[0], channels = dx.channels();
  const int64_t pixels = images == 0 ? 0 : dx.rows() / images, parts = ceil_div(pixels, kTaskPixels);
  return make_data_kernel(dx.dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_divide(most_threads(), images * parts, [&](int64_t task, int) {
      const int64_t n = task / parts, pixel = task % parts * kTaskPixels;
      spread_leaf(args.in<T>(0) + n * channels, static_cast<float>(pixels), channels,
                  std::min(kTaskPixels, pixels - pixel), args.out<T>(0) + (n * pixels + pixel) * channels);
    });
  });
}

const OpRegistration registration("global_avg_pool_backward", {make});

}  // namespace
}  // namespace iabn
