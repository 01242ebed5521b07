// Recovers y and dy from the saved tensor (abn_backward.h); part of bodies (each_isa.h).
#include "cpu/simd/exp_log_simd.h"
#include "cpu/simd/pairs_simd.h"
#include "cpu/simd/phi_simd.h"
#include "cpu/simd/phi_tables_simd.h"

// For a vector of columns.
struct SavedVec {
  Vec shift, gain, bias;
};

struct SavedPair {
  SavedVec a, b;
};

IABN_INLINE SavedPair read_saved(const SavedCoefficients& wide, int64_t c) {
  const Pair shift = read_columns(wide.shift + c), gain = read_columns(wide.gain + c),
             bias = read_columns(wide.bias + c);
  return {{shift.a, gain.a, bias.a}, {shift.b, gain.b, bias.b}};
}

struct Recovered {
  Vec t, dy;
};

// The terms that one element contributes to the sums.
struct Summand {
  Vec dy, dy_t;
};

// t is y or x itself if the shift is folded.
template <bool Folded>
struct FromOutput {
  template <class Phi>
  IABN_INLINE_MEMBER Recovered recover(const Phi& phi, Vec z, Vec dz, const SavedVec& at) const {
    const Vec y = phi.invert(z);
    return {Folded ? y : y - at.shift, phi.backward(z, dz)};
  }
  template <class Phi>
  IABN_INLINE_MEMBER Summand summand(const Phi& phi, Vec z, Vec dz, const SavedVec& at) const {
    const Recovered one = recover(phi, z, dz, at);
    return {one.dy, Folded ? phi.moment(z, dz, one.dy) : one.dy * one.t};
  }
};

template <bool Folded>
struct FromInput {
  template <class Phi>
  IABN_INLINE_MEMBER Recovered recover(const Phi& phi, Vec x, Vec dz, const SavedVec& at) const {
    const Vec t = Folded ? x : x - at.shift;
    return {t, phi.backward(phi.forward(t * at.gain + at.bias), dz)};
  }
  template <class Phi>
  IABN_INLINE_MEMBER Summand summand(const Phi& phi, Vec x, Vec dz, const SavedVec& at) const {
    const Recovered one = recover(phi, x, dz, at);
    return {one.dy, one.dy * one.t};
  }
};

// Calls body(source, φ) for data in T, dispatching outside the body's loops.
template <class T, class Body>
IABN_INLINE void with_saved(bool from_output, const Activation& activation, Body body) {
  if (from_output) {
    with_inverse<T>(activation, [=](auto phi) IABN_INLINE_LAMBDA {
      body(FromOutput<kFolded<T>>{}, faster_backwards(phi));
    });
  } else {
    with_activation<T>(activation, [=](auto phi) IABN_INLINE_LAMBDA { body(FromInput<kFolded<T>>{}, phi); });
  }
}
