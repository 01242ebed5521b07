// Functions and tables of an engine (each_isa.h) for each data dtype.
#pragma once

#include <type_traits>

#include "cpu/loops/data.h"

namespace iabn {

template <template <class> class Leaves>
struct PerData {
  Leaves<float> f32;
  Leaves<bf16> half;

  template <class T>
  const Leaves<T>& of() const {
    if constexpr (std::is_same_v<T, float>) {
      return f32;
    } else {
      return half;
    }
  }
};

}  // namespace iabn
