// The activation of a kernel, and its scalar functions.
#pragma once

#include "cpu/loops/data.h"
#include "cpu/simd/exp_log.h"
#include "program/activation.h"

namespace iabn {

// A separate namespace hides these from argument-dependent lookup, so that vector bodies (each_isa.h) find
// their own.
namespace of_floats {
#include "cpu/simd/phi_simd.h"
}  // namespace of_floats
using namespace of_floats;

}  // namespace iabn
