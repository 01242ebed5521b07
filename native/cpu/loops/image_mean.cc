// An image is split into chunks of rows, so that all threads have work even for a single image. The chunks'
// partial sums, float32[N][chunks][C] in the workspace, are added in order. The split depends on the shape
// alone (see parallel.h).
#include "cpu/loops/image_mean.h"

#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

constexpr int64_t kMostChunks = 32;  // of an image
constexpr int64_t kColumns = 1024;   // channels whose sums stay in the first-level cache

// sums [channels] over the pixels; reads whole pixels, as far as the sums fit in the cache.
template <class T>
IABN_INLINE void sum_pixels(const T* x, int64_t pitch, int64_t pixels, int64_t channels, float* sums) {
  for (int64_t first = 0; first < channels; first += kColumns) {
    const int64_t count = channels - first < kColumns ? channels - first : kColumns;
    float* __restrict to = sums + first;
    for (int64_t c = 0; c < count; ++c) to[c] = 0;
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      const T* from = x + pixel * pitch + first;
      for (int64_t c = 0; c < count; ++c) to[c] += load(from + c);
    }
  }
}

IABN_SIMD void sum_leaf(const float* x, int64_t pitch, int64_t pixels, int64_t channels, float* sums) {
  sum_pixels(x, pitch, pixels, channels, sums);
}

IABN_SIMD void sum_leaf(const bf16* x, int64_t pitch, int64_t pixels, int64_t channels, float* sums) {
  sum_pixels(x, pitch, pixels, channels, sums);
}

}  // namespace

std::unique_ptr<Kernel> make_image_mean(const KernelSpec& spec, float divisor) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  const int64_t images = x.dims[0], channels = x.channels(), height = x.dims[2], width = x.dims[3];
  const int64_t x_pitch = x.row_pitch(), y_pitch = y.row_pitch(), elements = x.elements();
  const int64_t rows = std::max<int64_t>(1, (height + kMostChunks - 1) / kMostChunks);
  const int64_t chunks = (height + rows - 1) / rows;
  const auto run = [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    float* partials = static_cast<float*>(args.workspace);
    parallel_tasks(images * chunks, elements, [&](int64_t task) {
      const int64_t n = task / chunks, first = task % chunks * rows;
      sum_leaf(args.in<T>(0) + (n * height + first) * width * x_pitch, x_pitch,
               std::min(rows, height - first) * width, channels, partials + task * channels);
    });
    for (int64_t n = 0; n < images; ++n) {
      for (int64_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partials[(n * chunks + chunk) * channels + c];
        store(args.out<T>(0) + n * y_pitch + c, sum / divisor);
      }
    }
  };
  return make_data_kernel(x.dtype, run, static_cast<size_t>(images * chunks * channels) * sizeof(float));
}

}  // namespace iabn
