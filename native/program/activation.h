// The activation named by an instruction's attributes.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "program/attrs.h"

namespace iabn {

struct Activation {
  enum class Kind : uint8_t { identity, relu, leaky_relu, elu };
  Kind kind = Kind::identity;
  float slope = 0.0f;  // of leaky_relu, or alpha of elu
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

}  // namespace iabn
