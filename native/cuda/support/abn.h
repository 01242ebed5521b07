// Shared by the kernels of activated batch normalization.
//
//   y = g·(x − μ) + β with g = s/√(σ² + ε),  s = |γ| + ε (in place) or s = γ (ordinary)
#pragma once

#include <cfloat>
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "cuda/support/activation.h"
#include "cuda/support/kernels.h"
#include "cuda/support/rows.h"

namespace iabn::cuda {

struct AbnScale {
  float eps;
  bool absolute;

  // s of a channel; 1 without parameters.
  __device__ float operator()(const float* weight, int64_t c) const {
    if (weight == nullptr) return 1.0f;
    return absolute ? fabsf(weight[c]) + eps : weight[c];
  }
  // 1/√(σ² + ε)
  __device__ float inverse_deviation(const float* var, int64_t c) const { return 1.0f / sqrtf(var[c] + eps); }
};

inline bool parse_absolute(const Attrs& attrs) {
  const std::string& scale = attrs.string("scale");
  if (scale != "abs" && scale != "plain") throw std::invalid_argument("unknown scale '" + scale + "'");
  return scale == "abs";
}

inline AbnScale parse_scale(const Attrs& attrs) {
  return {static_cast<float>(attrs.number("eps")), parse_absolute(attrs)};
}

inline bool parse_from_output(const Attrs& attrs) {
  const std::string& from = attrs.string("from");
  if (from != "x" && from != "z") throw std::invalid_argument("unknown source '" + from + "' (x, z)");
  return from == "z";
}

struct Recovered {
  float t;
  float dy;
};

// Recovers y and dy from the saved tensor (x̂ = t·unit):
//   saved z:  y = φ⁻¹(z),        t = y − β,  unit = 1/s, or 0 where z does not show x̂
//   saved x:  y = g·(x − μ) + β, t = x − μ,  unit = 1/√(σ² + ε)
//   dy = φ′·dz
struct SavedLayer {
  const float *mean, *var, *weight, *bias;
  AbnScale scale;
  float ulp;  // distance from 1 to the next number of the data's dtype

  __device__ float shift_of(int64_t c) const { return bias == nullptr ? 0.0f : bias[c]; }
  __device__ float gain(int64_t c) const { return scale(weight, c) * scale.inverse_deviation(var, c); }
  // 1/s. Of s = γ it is 0 where |γ| is at most a unit in the last place of β: y, rounded like z, then shows
  // nothing of x̂, and γ gets no gradient.
  __device__ float inverse_scale(int64_t c) const {
    const float s = scale(weight, c);
    if (!scale.absolute && fabsf(s) <= fmaxf(ulp * fabsf(shift_of(c)), FLT_MIN)) return 0.0f;
    return 1.0f / s;
  }
};

template <class Phi>
struct FromOutput {
  Phi phi;

  template <int N>
  struct Coefficients {
    float bias[N];
  };
  template <int N>
  __device__ void load(const SavedLayer& layer, int64_t c, Coefficients<N>& k) const {
#pragma unroll
    for (int j = 0; j < N; ++j) k.bias[j] = layer.shift_of(c + j);
  }
  template <int N>
  __device__ Recovered recover(const Coefficients<N>& k, int j, float z, float dz) const {
    return {phi.invert(z) - k.bias[j], phi.backward(z, dz)};
  }
  __device__ float unit(const SavedLayer& layer, int64_t c) const { return layer.inverse_scale(c); }
};

template <class Phi>
struct FromInput {
  Phi phi;

  template <int N>
  struct Coefficients {
    float mean[N], gain[N], bias[N];
  };
  template <int N>
  __device__ void load(const SavedLayer& layer, int64_t c, Coefficients<N>& k) const {
#pragma unroll
    for (int j = 0; j < N; ++j) {
      k.mean[j] = layer.mean[c + j];
      k.gain[j] = layer.gain(c + j);
      k.bias[j] = layer.shift_of(c + j);
    }
  }
  template <int N>
  __device__ Recovered recover(const Coefficients<N>& k, int j, float x, float dz) const {
    const float t = x - k.mean[j];
    return {t, phi.backward(phi.forward(t * k.gain[j] + k.bias[j]), dz)};
  }
  __device__ float unit(const SavedLayer& layer, int64_t c) const {
    return layer.scale.inverse_deviation(layer.var, c);
  }
};

// Calls body(source) on the host, with the FromOutput or FromInput to instantiate a kernel for.
template <class Body>
void with_saved(bool from_output, const Activation& activation, Body body) {
  with_activation(activation, [=](auto phi) {
    if (from_output) return body(FromOutput<decltype(phi)>{phi});
    body(FromInput<decltype(phi)>{phi});
  });
}

template <class T>
constexpr float kUlp = std::is_same_v<T, float> ? 0x1p-23f
                       : std::is_same_v<T, f16> ? 0x1p-10f
                                                : 0x1p-7f;

// The leading operands dz, saved, mean, var, weight?, bias? of both backward kernels, for data in T.
template <class T>
SavedLayer saved_layer(const KernelArgs& args, const AbnScale& scale) {
  return {args.in<float>(2), args.in<float>(3), args.in<float>(4), args.in<float>(5), scale, kUlp<T>};
}

}  // namespace iabn::cuda
