// The activations φ that ABN can carry, their derivatives and inverses, written for vector loops.
//
//   identity      φ(y) = y
//   relu          φ(y) = max(y, 0)                  no inverse
//   leaky_relu    φ(y) = y > 0 ? y : slope·y
//   elu           φ(y) = y > 0 ? y : alpha·expm1(y)
//
// Derivatives are functions of the output z = φ(y), which is all that is kept. A NaN comes out as a NaN.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "cpu/data.h"
#include "cpu/exp_log.h"
#include "program/attrs.h"

namespace iabn {

struct Activation {
  enum class Kind : uint8_t { identity, relu, leaky_relu, elu };
  Kind kind = Kind::identity;
  float slope = 0.0f;  // of leaky_relu, or alpha of elu

  bool invertible() const { return kind != Kind::relu; }
};

inline Activation parse_activation(const Attrs& attrs) {
  const std::string& name = attrs.string("activation");
  if (name == "identity") return {};
  const float slope = static_cast<float>(attrs.number("slope"));
  if (name == "relu") return {Activation::Kind::relu, slope};
  if (name == "leaky_relu") return {Activation::Kind::leaky_relu, slope};
  if (name == "elu") return {Activation::Kind::elu, slope};
  throw std::invalid_argument("unknown activation '" + name + "'");
}

inline Activation parse_invertible_activation(const Attrs& attrs) {
  const Activation activation = parse_activation(attrs);
  if (activation.invertible()) return activation;
  throw std::invalid_argument("the activation 'relu' has no inverse");
}

struct Identity {
  IABN_INLINE_MEMBER float forward(float y) const { return y; }
  IABN_INLINE_MEMBER float backward(float, float dz) const { return dz; }
  IABN_INLINE_MEMBER float invert(float z) const { return z; }
};

struct Relu {
  IABN_INLINE_MEMBER float forward(float y) const { return y <= 0.0f ? 0.0f : y; }
  IABN_INLINE_MEMBER float backward(float z, float dz) const { return z <= 0.0f ? 0.0f : dz; }
};

struct LeakyRelu {
  float slope;
  float inverse_slope;

  IABN_INLINE_MEMBER float forward(float y) const {
    const float scaled = slope * y;
    return y > 0.0f ? y : scaled;
  }
  IABN_INLINE_MEMBER float backward(float z, float dz) const {
    const float scaled = slope * dz;
    return z > 0.0f ? dz : scaled;
  }
  IABN_INLINE_MEMBER float invert(float z) const {
    const float scaled = inverse_slope * z;
    return z > 0.0f ? z : scaled;
  }
};

// Where φ saturates, z/alpha rounds to −1 (or, in bfloat16, beyond it): the inverse then is the finite
// y ≈ −16.6 of the last float before −1, and the derivative is 0, so that no 0·∞ arises.
struct Elu {
  float alpha;
  float inverse_alpha;

  IABN_INLINE_MEMBER float forward(float y) const {
    const float scaled = alpha * expm1_nonpositive(y > 0.0f ? 0.0f : y);
    return y > 0.0f ? y : scaled;
  }
  IABN_INLINE_MEMBER float backward(float z, float dz) const {
    const float sum = z + alpha;
    const float scaled = (sum < 0.0f ? 0.0f : sum) * dz;
    return z > 0.0f ? dz : scaled;
  }
  IABN_INLINE_MEMBER float invert(float z) const {
    const float scaled = inverse_alpha * z;
    const float y = log1p_nonpositive(z > 0.0f ? 0.0f : scaled);
    return z > 0.0f ? z : y;
  }
};

// body(φ) with the functor of the activation; the choice is made outside the body's loops.
template <class Body>
IABN_INLINE void with_invertible_activation(const Activation& activation, Body body) {
  const float slope = activation.slope;
  switch (activation.kind) {
    case Activation::Kind::leaky_relu:
      return body(LeakyRelu{slope, 1.0f / slope});
    case Activation::Kind::elu:
      return body(Elu{slope, 1.0f / slope});
    default:
      return body(Identity{});
  }
}

template <class Body>
IABN_INLINE void with_activation(const Activation& activation, Body body) {
  if (activation.kind == Activation::Kind::relu) return body(Relu{});
  with_invertible_activation(activation, body);
}

}  // namespace iabn
