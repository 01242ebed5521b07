// Body of abn_apply.cc (each_isa.h).
#include "cpu/simd/exp_log_simd.h"
#include "cpu/simd/pairs_simd.h"
#include "cpu/simd/phi_simd.h"

template <class T>
IABN_INLINE Vec normalize(Vec x, Vec mean, Vec gain, Vec bias) {
  return (kFolded<T> ? x : x - mean) * gain + bias;
}

template <class T>
void apply(const T* x, int64_t x_pitch, T* z, int64_t z_pitch, const Strip& strip, Coefficients wide,
           Activation activation) {
  const int64_t x_stride = strip.step * x_pitch, z_stride = strip.step * z_pitch, columns = strip.columns;
  x += strip.row * x_pitch, z += strip.row * z_pitch;
  with_activation<T>(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for_rows<4>(0, strip.rows, [=](int64_t row, int64_t apart, auto count) IABN_INLINE_LAMBDA {
      for_pairs(columns, [=](int64_t c, auto size) IABN_INLINE_LAMBDA {
        const Pair mean = read_columns(wide.mean + c), gain = read_columns(wide.gain + c),
                   bias = read_columns(wide.bias + c);
        Pair v[count];
        for (int64_t i = 0; i < count; ++i) v[i] = read_pair(x + (row + i * apart) * x_stride + c, size);
        for (int64_t i = 0; i < count; ++i) {
          v[i] = {phi.forward(normalize<T>(v[i].a, mean.a, gain.a, bias.a)),
                  phi.forward(normalize<T>(v[i].b, mean.b, gain.b, bias.b))};
        }
        for (int64_t i = 0; i < count; ++i) write_pair(z + (row + i * apart) * z_stride + c, v[i], size);
      });
    });
  });
}

constexpr Engine kEngine = {apply<float>, apply<bf16>, order_columns<bf16>};
