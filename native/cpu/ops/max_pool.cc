// y = max over the window; index = kh·KW + kw of the first maximum; NaN counts as the maximum.
#include "cpu/loops/closure.h"
#include "cpu/loops/pooling.h"
#include "cpu/loops/threads.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void pool_pixel(const PoolShape& s, const T* image, Range rows, Range columns, int64_t top,
                            int64_t left, T* y, uint8_t* index) {
  for (int64_t c0 = 0; c0 < s.c; c0 += kPoolBlock) {
    const int64_t count = s.c - c0 < kPoolBlock ? s.c - c0 : kPoolBlock;
    float best[kPoolBlock];
    int32_t place[kPoolBlock];
    const int32_t first = static_cast<int32_t>((rows.begin - top) * s.kw + columns.begin - left);
    const T* start = image + (rows.begin * s.w + columns.begin) * s.x_pitch + c0;
    for (int64_t c = 0; c < count; ++c) best[c] = load(start + c), place[c] = first;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const T* x = image + (row * s.w + column) * s.x_pitch + c0;
        const int32_t here = static_cast<int32_t>((row - top) * s.kw + column - left);
        for (int64_t c = 0; c < count; ++c) {
          const float value = load(x + c);
          const bool take = !(value <= best[c]) & (best[c] == best[c]);
          best[c] = take ? value : best[c];
          place[c] = take ? here : place[c];
        }
      }
    }
    for (int64_t c = 0; c < count; ++c) store(y + c0 + c, best[c]);
    for (int64_t c = 0; c < count; ++c) index[c0 + c] = static_cast<uint8_t>(place[c]);
  }
}

template <class T>
IABN_INLINE void pool_line(const PoolShape& s, const T* x, T* y, uint8_t* index, int64_t line) {
  const int64_t n = line / s.oh, oy = line % s.oh;
  const Range rows = window(oy, s.kh, s.sh, s.ph, s.h);
  for (int64_t ox = 0; ox < s.ow; ++ox) {
    const Range columns = window(ox, s.kw, s.sw, s.pw, s.w);
    const int64_t pixel = line * s.ow + ox;
    T* to = y + pixel * s.y_pitch;
    uint8_t* places = index + pixel * s.c;
    if (rows.begin >= rows.end || columns.begin >= columns.end) {  // a window of padding alone
      for (int64_t c = 0; c < s.c; ++c) store(to + c, -__builtin_inff()), places[c] = 0;
      continue;
    }
    pool_pixel(s, x + n * s.h * s.w * s.x_pitch, rows, columns, oy * s.sh - s.ph, ox * s.sw - s.pw, to,
               places);
  }
}

IABN_SIMD void line_leaf(const PoolShape& s, const float* x, float* y, uint8_t* index, int64_t line) {
  pool_line(s, x, y, index, line);
}

IABN_SIMD void line_leaf(const PoolShape& s, const bf16* x, bf16* y, uint8_t* index, int64_t line) {
  pool_line(s, x, y, index, line);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.inputs[0], spec.outputs[0]);
  if (s.kh * s.kw > 256) throw Refused("max_pool: a kernel of more than 256 taps has no index in a byte");
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_divide(most_threads(), s.n * s.oh, [&](int64_t line, int) {
      line_leaf(s, args.in<T>(0), args.out<T>(0), args.out<uint8_t>(1), line);
    });
  });
}

const OpRegistration registration("max_pool", {make});

}  // namespace
}  // namespace iabn
