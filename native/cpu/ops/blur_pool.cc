// y = x blurred by [1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, with reflected borders
// (geometry/blur_axis.h).
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/blur_axis.h"

namespace iabn {
namespace {

// A row of y from the three rows of x around it.
template <class T>
IABN_INLINE void blur_row(const BlurredImages& s, const T* above, const T* at, const T* below, T* y) {
  for (int64_t o = 0; o < s.columns.outputs; ++o) {
    const int64_t left = s.columns.before(o) * s.x_pitch, middle = 2 * o * s.x_pitch,
                  right = s.columns.after(o) * s.x_pitch;
    for (int64_t c = 0; c < s.channels; ++c) {
      const float l = load(above + left + c) + 2 * load(at + left + c) + load(below + left + c);
      const float m = load(above + middle + c) + 2 * load(at + middle + c) + load(below + middle + c);
      const float r = load(above + right + c) + 2 * load(at + right + c) + load(below + right + c);
      store(y + o * s.y_pitch + c, (l + 2 * m + r) * 0.0625f);
    }
  }
}

IABN_SIMD void row_leaf(const BlurredImages& s, const float* above, const float* at, const float* below,
                        float* y) {
  blur_row(s, above, at, below, y);
}

IABN_SIMD void row_leaf(const BlurredImages& s, const bf16* above, const bf16* at, const bf16* below,
                        bf16* y) {
  blur_row(s, above, at, below, y);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const BlurredImages s = BlurredImages::from(spec.inputs[0], spec.outputs[0]);
  const int64_t elements = spec.inputs[0].elements();
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_tasks(s.images * s.rows.outputs, elements, [&](int64_t task) {
      const int64_t o = task % s.rows.outputs, line = s.columns.size * s.x_pitch;
      const T* image = args.in<T>(0) + task / s.rows.outputs * s.rows.size * line;
      row_leaf(s, image + s.rows.before(o) * line, image + 2 * o * line, image + s.rows.after(o) * line,
               args.out<T>(0) + task * s.columns.outputs * s.y_pitch);
    });
  });
}

const OpRegistration registration("blur_pool", {make});

}  // namespace
}  // namespace iabn
