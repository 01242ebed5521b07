// dx = Σ dy over a pixel and its copies, gathered in order: each row's copies first, then the rows.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/padded_images.h"

namespace iabn {
namespace {

constexpr int64_t kBlock = 64;  // channels whose accumulators stay in registers or the first-level cache

// Some channels of a row of dx; lines: the first of the rows of dy that repeat it.
template <class T>
IABN_INLINE void gather_row(const PaddedImages& s, const T* lines, int64_t count, int64_t channels, T* dx) {
  for (int64_t x = 0; x < s.columns.inner; ++x) {
    float total[kBlock];
    for (int64_t c = 0; c < channels; ++c) total[c] = 0;
    const int64_t begin = s.columns.first(x), end = s.columns.end(x);
    for (int64_t line = 0; line < count; ++line) {
      float sum[kBlock];
      for (int64_t c = 0; c < channels; ++c) sum[c] = 0;
      for (int64_t p = begin; p < end; ++p) {
        const T* from = lines + (line * s.columns.padded + p) * s.padded_pitch;
        for (int64_t c = 0; c < channels; ++c) sum[c] += load(from + c);
      }
      for (int64_t c = 0; c < channels; ++c) total[c] += sum[c];
    }
    for (int64_t c = 0; c < channels; ++c) store(dx + x * s.inner_pitch + c, total[c]);
  }
}

IABN_SIMD void row_leaf(const PaddedImages& s, const float* lines, int64_t count, int64_t channels,
                        float* dx) {
  gather_row(s, lines, count, channels, dx);
}

IABN_SIMD void row_leaf(const PaddedImages& s, const bf16* lines, int64_t count, int64_t channels, bf16* dx) {
  gather_row(s, lines, count, channels, dx);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PaddedImages s = PaddedImages::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  const int64_t blocks = (s.channels + kBlock - 1) / kBlock;
  const int64_t tasks = s.images * s.rows.inner * blocks;
  const int64_t elements = spec.inputs[0].elements();
  return make_data_kernel(spec.outputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    // The first and last row of an image are far more work than the others.
    parallel_take(threads_for(tasks, elements), tasks, [&](int64_t task, int) {
      const int64_t row = task / blocks, c = task % blocks * kBlock, y = row % s.rows.inner;
      const int64_t begin = row / s.rows.inner * s.rows.padded + s.rows.first(y);
      row_leaf(s, args.in<T>(0) + begin * s.columns.padded * s.padded_pitch + c,
               s.rows.end(y) - s.rows.first(y), std::min(kBlock, s.channels - c),
               args.out<T>(0) + row * s.columns.inner * s.inner_pitch + c);
    });
  });
}

const OpRegistration registration("pad_replicate_backward", {make});

}  // namespace
}  // namespace iabn
