// dx = Σ dy over the windows whose maximum this element was. Gathered: each element of dx is written once, by
// one thread, its windows added in order.
#include "cpu/data.h"
#include "cpu/pooling.h"

namespace iabn {
namespace {

template <class T>
IABN_INLINE void gather_row(const PoolShape& s, const T* dy, const uint8_t* index, T* dx, int64_t row) {
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
          const int32_t here = static_cast<int32_t>((y + s.ph - oy * s.sh) * s.kw + x + s.pw - ox * s.sw);
          const int64_t pixel = (n * s.oh + oy) * s.ow + ox;
          const T* from = dy + pixel * s.y_pitch + c0;
          const uint8_t* places = index + pixel * s.c + c0;
          for (int64_t c = 0; c < count; ++c) {
            const float value = load(from + c);
            sum[c] += static_cast<int32_t>(places[c]) == here ? value : 0.0f;
          }
        }
      }
      for (int64_t c = 0; c < count; ++c) store(dx + (row * s.w + x) * s.x_pitch + c0 + c, sum[c]);
    }
  }
}

IABN_SIMD void row_f32(const PoolShape& s, const float* dy, const uint8_t* index, float* dx, int64_t row) {
  gather_row(s, dy, index, dx, row);
}

IABN_SIMD void row_bf16(const PoolShape& s, const bf16* dy, const uint8_t* index, bf16* dx, int64_t row) {
  gather_row(s, dy, index, dx, row);
}

template <class T>
void run_rows(void (*leaf)(const PoolShape&, const T*, const uint8_t*, T*, int64_t), const PoolShape& s,
              const KernelArgs& args) {
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < s.n * s.h; ++row) {
    leaf(s, args.in<T>(0), args.in<uint8_t>(1), args.out<T>(0), row);
  }
}

void run(const KernelSpec& spec, const KernelArgs& args) {
  const PoolShape s = PoolShape::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  if (spec.inputs[0].dtype == DType::f32) return run_rows<float>(row_f32, s, args);
  run_rows<bf16>(row_bf16, s, args);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  PoolShape::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  return std::make_unique<FunctionKernel>(spec, run, 0);
}

OpRegistration registration("max_pool_backward", {make});

}  // namespace
}  // namespace iabn
