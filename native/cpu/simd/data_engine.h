// A leaf for both data dtypes, compiled for each instruction set (each_isa.h): what a kernel's body defines
// kEngine as.
//
//   template <class T> using Leaf = void(const T* x, …);
//   using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "cpu/loops/data.h"
#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"

// Bodies round to bfloat16.
#define IABN_BODY_ROUNDS

namespace iabn {

template <class FloatLeaf, class HalfLeaf>
struct DataEngine {
  FloatLeaf* f32;
  HalfLeaf* half;
  // Brings numbers for the columns of bfloat16 rows to the order in which the leaf takes them.
  void (*order_half)(float* columns, int64_t count) = nullptr;

  template <class T>
  auto* of() const {
    if constexpr (std::is_same_v<T, float>) {
      return f32;
    } else {
      return half;
    }
  }

  template <class T>
  void order(float* columns, int64_t count) const {
    if constexpr (!std::is_same_v<T, float>) order_half(columns, count);
  }
};

}  // namespace iabn
