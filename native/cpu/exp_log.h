// Exponential and logarithm of floats.
#pragma once

#include "cpu/data.h"

namespace iabn {

#include "cpu/exp_log_simd.h"

}  // namespace iabn
