// The activations φ that ABN can carry, their derivatives and inverses, of V: a float, in loops that the
// compiler makes vectors of (activation.h), or a vector (a part of bodies, each_isa.h).
//
//   identity      φ(y) = y
//   relu          φ(y) = max(y, 0)                  inverse of z > 0 only
//   leaky_relu    φ(y) = y > 0 ? y : slope·y
//   elu           φ(y) = y > 0 ? y : alpha·expm1(y)
//
// Derivatives are functions of the output z = φ(y), which is all that is kept. A NaN comes out as a NaN.
// moment(z, dz, dy) = dy·y, which for all but elu is dz·z: what y has been multiplied by, dy is divided by.

struct Identity {
  template <class V>
  IABN_INLINE_MEMBER V forward(V y) const {
    return y;
  }
  template <class V>
  IABN_INLINE_MEMBER V backward(V, V dz) const {
    return dz;
  }
  template <class V>
  IABN_INLINE_MEMBER V invert(V z) const {
    return z;
  }
  template <class V>
  IABN_INLINE_MEMBER V moment(V z, V dz, V) const {
    return dz * z;
  }
};

struct Relu {
  template <class V>
  IABN_INLINE_MEMBER V forward(V y) const {
    return y <= 0.0f ? V{} : y;
  }
  template <class V>
  IABN_INLINE_MEMBER V backward(V z, V dz) const {
    return z <= 0.0f ? V{} : dz;
  }
  template <class V>
  IABN_INLINE_MEMBER V invert(V z) const {
    return z;
  }
  template <class V>
  IABN_INLINE_MEMBER V moment(V z, V, V dy) const {
    return dy * z;
  }
};

struct LeakyRelu {
  float slope;
  float inverse_slope;

  template <class V>
  IABN_INLINE_MEMBER V forward(V y) const {
    const V scaled = slope * y;
    return y > 0.0f ? y : scaled;
  }
  template <class V>
  IABN_INLINE_MEMBER V backward(V z, V dz) const {
    const V scaled = slope * dz;
    return z > 0.0f ? dz : scaled;
  }
  template <class V>
  IABN_INLINE_MEMBER V invert(V z) const {
    const V scaled = inverse_slope * z;
    return z > 0.0f ? z : scaled;
  }
  template <class V>
  IABN_INLINE_MEMBER V moment(V z, V dz, V) const {
    return dz * z;
  }
};

// With a slope of 1 at most.
struct MildLeakyRelu : LeakyRelu {
  template <class V>
  IABN_INLINE_MEMBER V forward(V y) const {
    return larger_of(slope * y, y);
  }
};

// Of data in T, as exact as that can show. Where φ saturates, z/alpha rounds to −1 (or, in bfloat16, beyond
// it): the inverse then is the finite y ≈ −16.6 of the last float before −1, and the derivative is 0, so that
// no 0·∞ arises.
template <class T>
struct Elu {
  float alpha;
  float inverse_alpha;

  template <class V>
  IABN_INLINE_MEMBER V forward(V y) const {
    const V scaled = alpha * expm1_nonpositive<SeriesOf<T>>(y);
    return y > 0.0f ? y : scaled;
  }
  template <class V>
  IABN_INLINE_MEMBER V backward(V z, V dz) const {
    const V scaled = at_least(z + alpha, 0.0f) * dz;
    return z > 0.0f ? dz : scaled;
  }
  template <class V>
  IABN_INLINE_MEMBER V invert(V z) const {
    const V scaled = inverse_alpha * z;
    const V y = log1p_nonpositive<SeriesOf<T>>(scaled);
    return z > 0.0f ? z : y;
  }
  template <class V>
  IABN_INLINE_MEMBER V moment(V z, V, V dy) const {
    return dy * invert(z);
  }
};

// body(φ) with the functor of the activation for data in T; the choice is made outside the body's loops.
template <class T = float, class Body>
IABN_INLINE void with_inverse(const Activation& activation, Body body) {
  const float slope = activation.slope;
  switch (activation.kind) {
    case Activation::Kind::relu:
      return body(Relu{});
    case Activation::Kind::leaky_relu:
      return body(LeakyRelu{slope, 1.0f / slope});
    case Activation::Kind::elu:
      return body(Elu<T>{slope, 1.0f / slope});
    default:
      return body(Identity{});
  }
}

// For what goes forwards, which a mild slope does faster.
template <class T = float, class Body>
IABN_INLINE void with_activation(const Activation& activation, Body body) {
  const float slope = activation.slope;
  if (activation.kind == Activation::Kind::leaky_relu && slope <= 1.0f) {
    return body(MildLeakyRelu{{slope, 1.0f / slope}});
  }
  with_inverse<T>(activation, body);
}
