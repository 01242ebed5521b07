// Body of abn_backward_apply.cc (each_isa.h).
#include "cpu/abn_backward_simd.h"

template <class T, class Source, class Phi>
IABN_INLINE void apply_strip(const T* dz, const T* saved, T* dx, const Strip& strip, const Pitches& pitches,
                             const Coefficients& wide, bool batch, Source source, Phi phi) {
  const int64_t step = strip.step, columns = strip.columns;
  for_rows<2>(0, strip.rows, [=](int64_t first, int64_t apart, auto count) IABN_INLINE_LAMBDA {
    for_pairs(columns, [=](int64_t c, auto size) IABN_INLINE_LAMBDA {
      const SavedPair at = read_saved(wide.saved, c);
      const Pair k = read_columns(wide.k + c), q = read_columns(wide.q + c), r = read_columns(wide.r + c);
      for (int64_t i = 0, row = first; i < count; ++i, row += apart) {
        const Pair kept = read_pair(saved + row * step * pitches.saved + c, size);
        const Pair grad = read_pair(dz + row * step * pitches.dz + c, size);
        const Recovered a = source.recover(phi, kept.a, grad.a, at.a);
        const Recovered b = source.recover(phi, kept.b, grad.b, at.b);
        Pair out{k.a * a.dy, k.b * b.dy};
        if (batch) out = {k.a * a.dy + (q.a * a.t + r.a), k.b * b.dy + (q.b * b.t + r.b)};
        write_pair(dx + row * step * pitches.dx + c, out, size);
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
