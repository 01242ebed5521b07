// Exponential and logarithm of floats.
#pragma once

#include "cpu/loops/data.h"

namespace iabn {

#include "cpu/simd/exp_log_simd.h"

}  // namespace iabn
