#include "cpu/simd/vector_lanes.h"

#include <algorithm>
#include <cstdlib>

#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

int64_t of_processor() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  if (__builtin_cpu_supports("x86-64-v4") && onednn::allows(onednn::Isa::avx512)) return 16;
  if (__builtin_cpu_supports("x86-64-v3") && onednn::allows(onednn::Isa::avx2)) return 8;
#endif
  return 4;
}

}  // namespace

int64_t vector_lanes() {
  static const int64_t most = of_processor();
  const char* const wanted = std::getenv("IABN_VECTOR_LANES");
  return wanted == nullptr ? most : std::min<int64_t>(most, std::atoi(wanted));
}

std::string vector_name(int64_t lanes) {
  if (lanes == 16) return "avx512";
  return lanes == 8 ? "avx2" : "sse2";
}

}  // namespace iabn
