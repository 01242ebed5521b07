// Run-time choice of instruction set, without intrinsics: leaf functions are compiled several times and the
// loader binds the best one for the CPU at hand.
//
// IABN_SIMD stands before a non-template leaf function. Functions that the leaf calls inside its loops must
// be IABN_INLINE, so that it is compiled for the leaf's instruction set and not for the default one. OpenMP
// pragmas stay outside leaves (they would outline the loop body into a function without the attribute).
//
// Selects in loops only become vector blends with -fno-trapping-math, and square roots only vector
// instructions with -fno-math-errno. Neither changes a result; both belong to the build of this folder.
#pragma once

#include <cstdint>

#ifndef IABN_SIMD
#if !defined(__x86_64__) || !defined(__linux__)
#define IABN_SIMD
#elif defined(__clang__) && __clang_major__ < 18
// It chooses by one feature alone, and its resolvers are global: no two leaves may have the same name and
// types.
#define IABN_SIMD __attribute__((target_clones("avx512bw", "avx2", "default")))
#else
#define IABN_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif

// Around functions that are compiled for other instruction sets than the rest of the file.
#define IABN_PRAGMA(words) _Pragma(#words)
#ifdef __clang__
#define IABN_BEGIN_ISA(isa) \
  IABN_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define IABN_END_ISA IABN_PRAGMA(clang attribute pop)
#else
#define IABN_BEGIN_ISA(isa) \
  IABN_PRAGMA(GCC push_options) IABN_PRAGMA(GCC target(isa ",prefer-vector-width=512"))
#define IABN_END_ISA IABN_PRAGMA(GCC pop_options)
#endif

#define IABN_INLINE static inline __attribute__((always_inline))
#define IABN_INLINE_MEMBER inline __attribute__((always_inline))
// Follows the parameter list of a lambda.
#define IABN_INLINE_LAMBDA __attribute__((always_inline))

// Before a loop whose iterations are independent although the output may be the very memory of an input
// (element i is read before element i is written): __restrict would be a lie there.
#ifdef __clang__
#define IABN_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define IABN_ELEMENTWISE _Pragma("GCC ivdep")
#endif
