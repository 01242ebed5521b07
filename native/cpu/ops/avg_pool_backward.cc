// dx = Σ dy / taps over the windows that contain this element, gathered in order.
#include "cpu/loops/closure.h"
#include "cpu/loops/threads.h"
#include "cpu/ops/avg_pool.h"

namespace iabn {
namespace {

constexpr int64_t kLeastOverlap = 8;  // measured: from windows of 3×3 at stride 1 on, sliding ones win

template <class T>
IABN_INLINE void gather_row(const PoolShape& s, bool include_padding, const T* dy, T* dx, int64_t row) {
  const int64_t n = row / s.h, y = row % s.h;
  const Range lines = windows_over(y, s.kh, s.sh, s.ph, s.oh);
  for (int64_t x = 0; x < s.w; ++x) {
    const Range pixels = windows_over(x, s.kw, s.sw, s.pw, s.ow);
    for (int64_t c0 = 0; c0 < s.c; c0 += kPoolBlock) {
      const int64_t count = s.c - c0 < kPoolBlock ? s.c - c0 : kPoolBlock;
      float sum[kPoolBlock];
      for (int64_t c = 0; c < count; ++c) sum[c] = 0;
      for (int64_t oy = lines.begin; oy < lines.end; ++oy) {
        for (int64_t ox = pixels.begin; ox < pixels.end; ++ox) {
          const float taps = window_taps(s, oy, ox, include_padding);
          const T* from = dy + ((n * s.oh + oy) * s.ow + ox) * s.y_pitch + c0;
          for (int64_t c = 0; c < count; ++c) sum[c] += load(from + c) / taps;
        }
      }
      for (int64_t c = 0; c < count; ++c) store(dx + (row * s.w + x) * s.x_pitch + c0 + c, sum[c]);
    }
  }
}

IABN_SIMD void row_leaf(const PoolShape& s, bool include_padding, const float* dy, float* dx, int64_t row) {
  gather_row(s, include_padding, dy, dx, row);
}

IABN_SIMD void row_leaf(const PoolShape& s, bool include_padding, const bf16* dy, bf16* dx, int64_t row) {
  gather_row(s, include_padding, dy, dx, row);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  const bool include_padding = spec.attrs.boolean("count_include_pad");
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_divide(most_threads(), s.n * s.h, [&](int64_t row, int) {
      row_leaf(s, include_padding, args.in<T>(0), args.out<T>(0), row);
    });
  });
}

// dx at y is the sum over the outputs oy with oy·stride − padding ≤ y ≤ oy·stride − padding + kernel − 1:
// those in the window [y, y + kernel) if oy lies at oy·stride + kernel − 1 − padding.
SlidingAxis transposed(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride, int64_t padding) {
  return {outputs, stride, kernel - 1 - padding, inputs, 1, kernel};
}

std::unique_ptr<Kernel> make_sliding(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  if (overlap(s) < kLeastOverlap) throw Refused("windows overlap too little: direct sums are as fast");
  SlidingSum sum = sliding_mean(spec, s, true);
  sum.rows = transposed(s.h, s.oh, s.kh, s.sh, s.ph);
  sum.columns = transposed(s.w, s.ow, s.kw, s.sw, s.pw);
  sum.source_pitch = s.y_pitch;
  sum.target_pitch = s.x_pitch;
  return make_sliding_sum(std::move(sum));
}

const OpRegistration registration("avg_pool_backward", {make_sliding, make});

}  // namespace
}  // namespace iabn
