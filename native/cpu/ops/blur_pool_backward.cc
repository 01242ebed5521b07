// dx = Σ weight·dy over the outputs that a pixel contributes to, gathered in order (geometry/blur_axis.h).
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/blur_axis.h"

namespace iabn {
namespace {

// A row of dx; lines: the image of dy.
template <class T>
IABN_INLINE void gather_row(const BlurredImages& s, const T* lines, int64_t y, T* dx) {
  const int64_t top = s.rows.first(y), bottom = s.rows.end(y) - 1, line = s.columns.outputs * s.y_pitch;
  const float up = s.rows.share(y, top), down = bottom == top ? 0 : s.rows.share(y, bottom);
  for (int64_t x = 0; x < s.columns.size; ++x) {
    const int64_t left = s.columns.first(x), right = s.columns.end(x) - 1;
    const float near = s.columns.share(x, left), far = right == left ? 0 : s.columns.share(x, right);
    const T* tl = lines + top * line + left * s.y_pitch;
    const T* tr = lines + top * line + right * s.y_pitch;
    const T* bl = lines + bottom * line + left * s.y_pitch;
    const T* br = lines + bottom * line + right * s.y_pitch;
    for (int64_t c = 0; c < s.channels; ++c) {
      const float upper = near * load(tl + c) + far * load(tr + c);
      const float lower = near * load(bl + c) + far * load(br + c);
      store(dx + x * s.x_pitch + c, (up * upper + down * lower) * 0.0625f);
    }
  }
}

IABN_SIMD void row_leaf(const BlurredImages& s, const float* lines, int64_t y, float* dx) {
  gather_row(s, lines, y, dx);
}

IABN_SIMD void row_leaf(const BlurredImages& s, const bf16* lines, int64_t y, bf16* dx) {
  gather_row(s, lines, y, dx);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const BlurredImages s = BlurredImages::from(spec.outputs[0], spec.inputs[0]);
  const int64_t elements = spec.outputs[0].elements();
  return make_data_kernel(spec.outputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_tasks(s.images * s.rows.size, elements, [&](int64_t task) {
      const T* lines = args.in<T>(0) + task / s.rows.size * s.rows.outputs * s.columns.outputs * s.y_pitch;
      row_leaf(s, lines, task % s.rows.size, args.out<T>(0) + task * s.columns.size * s.x_pitch);
    });
  });
}

const OpRegistration registration("blur_pool_backward", {make});

}  // namespace
}  // namespace iabn
