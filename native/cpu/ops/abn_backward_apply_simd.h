// Body of abn_backward_apply.cc (each_isa.h).
#include "cpu/ops/abn_backward_simd.h"

template <class T, class Source, class Phi>
IABN_INLINE void apply_strip(const T* dz, const T* saved, T* dx, const Strip& strip, const Pitches& pitches,
                             const Coefficients& wide, bool batch, Source source, Phi phi) {
  const int64_t step = strip.step, columns = strip.columns;
  for_rows<4>(0, strip.rows, [=](int64_t first, int64_t apart, auto count) IABN_INLINE_LAMBDA {
    for_pairs(columns, [=](int64_t c, auto size) IABN_INLINE_LAMBDA {
      const SavedPair at = read_saved(wide.saved, c);
      const Pair k = read_columns(wide.k + c), q = read_columns(wide.q + c), r = read_columns(wide.r + c);
      Pair kept[count], out[count];
      for (int64_t i = 0; i < count; ++i) {
        kept[i] = read_pair(saved + (first + i * apart) * step * pitches.saved + c, size);
        out[i] = read_pair(dz + (first + i * apart) * step * pitches.dz + c, size);
      }
      for (int64_t i = 0; i < count; ++i) {
        const Recovered a = source.recover(phi, kept[i].a, out[i].a, at.a);
        const Recovered b = source.recover(phi, kept[i].b, out[i].b, at.b);
        out[i] = {k.a * a.dy, k.b * b.dy};
        if (batch) out[i] = {out[i].a + (q.a * a.t + r.a), out[i].b + (q.b * b.t + r.b)};
      }
      for (int64_t i = 0; i < count; ++i) {
        write_pair(dx + (first + i * apart) * step * pitches.dx + c, out[i], size);
      }
    });
  });
}

template <class T>
void apply(const T* dz, const T* saved, T* dx, const Strip& strip, const Pitches& pitches,
           const Coefficients& wide, bool batch, bool from_output, Activation activation) {
  dz += strip.row * pitches.dz, saved += strip.row * pitches.saved, dx += strip.row * pitches.dx;
  with_saved<T>(from_output, activation, [&](auto source, auto phi) IABN_INLINE_LAMBDA {
    if (batch) return apply_strip(dz, saved, dx, strip, pitches, wide, true, source, phi);
    apply_strip(dz, saved, dx, strip, pitches, wide, false, source, phi);
  });
}

constexpr Engine kEngine = {apply<float>, apply<bf16>, order_columns<bf16>};
