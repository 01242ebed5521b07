// Mixes image n with its partner p (see ImageMix): inside the box x_p, elsewhere share·x_n + (1 − share)·x_p.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/image_mix.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void blend(const T* own, const T* other, T* out, int64_t count, float share) {
  const float rest = 1.0f - share;
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) store(out + i, share * load(own + i) + rest * load(other + i));
}

IABN_SIMD void blend_leaf(const float* own, const float* other, float* out, int64_t count, float share) {
  blend(own, other, out, count, share);
}

IABN_SIMD void blend_leaf(const bf16* own, const bf16* other, bf16* out, int64_t count, float share) {
  blend(own, other, out, count, share);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const auto& dims = spec.outputs[0].dims;
  const int64_t images = dims[0], channels = dims[1], height = dims[2], width = dims[3];
  const int64_t given = spec.inputs[0].dims[0], line = width * channels;
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* x = args.in<T>(0);
    T* mixed = args.out<T>(0);
    parallel_tasks(images * height, images * height * line, [&](int64_t task) {
      const int64_t n = task / height, row = task % height;
      const ImageMix mix = image_mix(n, given, args.in<int32_t>(1), args.in<float>(2), args.in<int32_t>(3));
      const T* own = x + (n * height + row) * line;
      const T* other = x + (mix.other * height + row) * line;
      T* out = mixed + (n * height + row) * line;
      if (mix.share != 1.0f) return blend_leaf(own, other, out, line, mix.share);
      std::copy_n(own, line, out);
      if (!mix.inside(row, mix.left)) return;
      const int64_t left = std::max<int64_t>(0, mix.left), right = std::min<int64_t>(width, mix.right);
      if (left < right) std::copy(other + left * channels, other + right * channels, out + left * channels);
    });
  });
}

const OpRegistration registration("mix_images", {make});

}  // namespace
}  // namespace iabn
