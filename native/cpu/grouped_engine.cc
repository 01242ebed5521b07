#include "cpu/grouped_engine.h"

#include <algorithm>

namespace iabn::grouped {
namespace {

namespace base {
constexpr int kLanes = 4;
#include "cpu/grouped_simd.h"
}  // namespace base

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace v3 {
constexpr int kLanes = 8;
#include "cpu/grouped_simd.h"
}  // namespace v3
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace v4 {
constexpr int kLanes = 16;
#include "cpu/grouped_simd.h"
}  // namespace v4
#pragma GCC pop_options

const Engine& choose() {
  if (__builtin_cpu_supports("x86-64-v4")) return v4::kEngine;
  if (__builtin_cpu_supports("x86-64-v3")) return v3::kEngine;
  return base::kEngine;
}

#else

const Engine& choose() { return base::kEngine; }

#endif

}  // namespace

const Engine& engine() {
  static const Engine& chosen = choose();
  return chosen;
}

}  // namespace iabn::grouped
