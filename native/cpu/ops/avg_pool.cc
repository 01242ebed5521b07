// y = Σ x over the window / number of taps (padding counts only with count_include_pad).
#include "cpu/ops/avg_pool.h"

#include "cpu/loops/closure.h"
#include "cpu/loops/image_mean.h"
#include "cpu/loops/threads.h"

namespace iabn {
namespace {

constexpr int64_t kLeastOverlap = 16;  // measured: from windows of 5×5 at stride 1 on, sliding ones win

template <class T>
IABN_INLINE void pool_line(const PoolShape& s, bool include_padding, const T* x, T* y, int64_t line) {
  const int64_t n = line / s.oh, oy = line % s.oh;
  const T* image = x + n * s.h * s.w * s.x_pitch;
  const Range rows = window(oy, s.kh, s.sh, s.ph, s.h);
  for (int64_t ox = 0; ox < s.ow; ++ox) {
    const Range columns = window(ox, s.kw, s.sw, s.pw, s.w);
    const float taps = window_taps(s, oy, ox, include_padding);
    for (int64_t c0 = 0; c0 < s.c; c0 += kPoolBlock) {
      const int64_t count = s.c - c0 < kPoolBlock ? s.c - c0 : kPoolBlock;
      float sum[kPoolBlock];
      for (int64_t c = 0; c < count; ++c) sum[c] = 0;
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        for (int64_t column = columns.begin; column < columns.end; ++column) {
          const T* from = image + (row * s.w + column) * s.x_pitch + c0;
          for (int64_t c = 0; c < count; ++c) sum[c] += load(from + c);
        }
      }
      for (int64_t c = 0; c < count; ++c) store(y + (line * s.ow + ox) * s.y_pitch + c0 + c, sum[c] / taps);
    }
  }
}

IABN_SIMD void line_leaf(const PoolShape& s, bool include_padding, const float* x, float* y, int64_t line) {
  pool_line(s, include_padding, x, y, line);
}

IABN_SIMD void line_leaf(const PoolShape& s, bool include_padding, const bf16* x, bf16* y, int64_t line) {
  pool_line(s, include_padding, x, y, line);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.inputs[0], spec.outputs[0]);
  const bool include_padding = spec.attrs.boolean("count_include_pad");
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_divide(most_threads(), s.n * s.oh, [&](int64_t line, int) {
      line_leaf(s, include_padding, args.in<T>(0), args.out<T>(0), line);
    });
  });
}

std::unique_ptr<Kernel> make_whole(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.inputs[0], spec.outputs[0]);
  if (s.oh != 1 || s.ow != 1 || s.kh - s.ph < s.h || s.kw - s.pw < s.w) {
    throw Refused("the window is not the whole image");
  }
  return make_image_mean(spec, window_taps(s, 0, 0, spec.attrs.boolean("count_include_pad")));
}

std::unique_ptr<Kernel> make_sliding(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.inputs[0], spec.outputs[0]);
  if (overlap(s) < kLeastOverlap) throw Refused("windows overlap too little: direct sums are as fast");
  SlidingSum sum = sliding_mean(spec, s, false);
  sum.rows = {s.h, 1, s.ph, s.oh, s.sh, s.kh};
  sum.columns = {s.w, 1, s.pw, s.ow, s.sw, s.kw};
  sum.source_pitch = s.x_pitch;
  sum.target_pitch = s.y_pitch;
  return make_sliding_sum(std::move(sum));
}

const OpRegistration registration("avg_pool", {make_whole, make_sliding, make});

}  // namespace
}  // namespace iabn
