#include "cpu/simd/vector_lanes.h"

#include <algorithm>
#include <cstdlib>

#include "cpu/simd/processor.h"
#include "platform/platform.h"

namespace iabn {
namespace {

using onednn::Isa;

int64_t of_processor() {
  const auto usable = [](Isa isa) { return processor_has(isa) && onednn::allows(isa); };
  if (usable(Isa::avx512)) return 16;
  return usable(Isa::avx2) ? 8 : 4;
}

}  // namespace

bool processor_has(Isa isa) {
  if (isa == Isa::none) return true;
#ifdef __x86_64__
#ifdef __clang__
  // Clang 14 cannot ask for x86-64-v3 and -v4 by name.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  const bool avx2 = __builtin_cpu_supports("x86-64-v3"), avx512 = __builtin_cpu_supports("x86-64-v4");
#endif
  if (isa == Isa::avx2) return avx2;
  return avx512 && (isa == Isa::avx512 || __builtin_cpu_supports("avx512bf16"));
#else
  return false;
#endif
}

int64_t vector_lanes() {
  static const int64_t most = of_processor();
  const auto wanted = platform::variable("IABN_VECTOR_LANES");
  return wanted ? std::min<int64_t>(most, std::atoi(wanted->c_str())) : most;
}

std::string vector_name(int64_t lanes) {
  if (lanes == 16) return "avx512";
  if (lanes == 8) return "avx2";
#if defined(__aarch64__)
  return "neon";
#elif defined(__wasm__)
  return "simd128";
#else
  return "sse2";
#endif
}

}  // namespace iabn
