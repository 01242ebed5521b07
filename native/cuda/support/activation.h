// The activations φ that ABN supports, their derivatives and inverses (formulas in cpu/simd/phi_simd.h).
// Derivatives are functions of the output z = φ(y). NaN propagates.
#pragma once

#include <cuda_runtime.h>

#include "program/activation.h"

namespace iabn::cuda {

struct Identity {
  __device__ float forward(float y) const { return y; }
  __device__ float backward(float, float dz) const { return dz; }
  __device__ float invert(float z) const { return z; }
};

struct Relu {
  __device__ float forward(float y) const { return y <= 0.0f ? 0.0f : y; }
  __device__ float backward(float z, float dz) const { return z <= 0.0f ? 0.0f : dz; }
  // Of z > 0 only.
  __device__ float invert(float z) const { return z; }
};

struct LeakyRelu {
  float slope;
  float inverse_slope;
  __device__ float forward(float y) const { return y > 0.0f ? y : slope * y; }
  __device__ float backward(float z, float dz) const { return z > 0.0f ? dz : slope * dz; }
  __device__ float invert(float z) const { return z > 0.0f ? z : inverse_slope * z; }
};

// Where φ saturates, z/alpha is clamped to the smallest float above −1: the inverse is finite (y ≈ −16.6) and
// the derivative 0, so that no 0·∞ appears.
struct Elu {
  float alpha;
  float inverse_alpha;
  __device__ float forward(float y) const { return y > 0.0f ? y : alpha * expm1f(y); }
  __device__ float backward(float z, float dz) const {
    const float sum = z + alpha;
    return z > 0.0f ? dz : (sum < 0.0f ? 0.0f : sum) * dz;
  }
  __device__ float invert(float z) const {
    const float scaled = inverse_alpha * z;
    return z > 0.0f ? z : log1pf(scaled < -0.99999994f ? -0.99999994f : scaled);
  }
};

// Calls body(φ) on the host, with the functor to instantiate a kernel for.
template <class Body>
void with_activation(const Activation& activation, Body body) {
  const float slope = activation.slope;
  switch (activation.kind) {
    case Activation::Kind::relu:
      return body(Relu{});
    case Activation::Kind::leaky_relu:
      return body(LeakyRelu{slope, 1.0f / slope});
    case Activation::Kind::elu:
      return body(Elu{slope, 1.0f / slope});
    default:
      return body(Identity{});
  }
}

}  // namespace iabn::cuda
