// What activation a kernel has, and the functions of floats for it.
#pragma once

#include "cpu/loops/data.h"
#include "cpu/simd/exp_log.h"
#include "program/activation.h"

namespace iabn {

// Not found by way of an argument's type, so that bodies of vectors (each_isa.h) find their own.
namespace of_floats {
#include "cpu/simd/phi_simd.h"
}  // namespace of_floats
using namespace of_floats;

}  // namespace iabn
