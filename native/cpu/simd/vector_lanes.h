// How wide the vectors are that kernels with an engine per instruction set (each_isa.h) compute in.
#pragma once

#include <cstdint>
#include <string>

// Bodies use instructions that compilers do not find by themselves.
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace iabn {

// 16 with AVX-512, 8 with AVX2, else 4; less where ONEDNN_MAX_CPU_ISA or IABN_VECTOR_LANES say so. Kernels
// ask when they are made.
int64_t vector_lanes();

// "avx512", "avx2", "sse2", "neon" or "simd128", as implementations are named by what they compute in.
std::string vector_name(int64_t lanes);

}  // namespace iabn
