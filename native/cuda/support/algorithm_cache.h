// Which algorithms and kernels were timed to be the fastest: by a key of shape, dtype, device and library. A
// file keeps them from one process to the next.
#pragma once

#include <optional>
#include <string>

#include "cuda/support/convolution.h"
#include "program/choices.h"

namespace iabn::cuda {

// What holds the algorithms, and the names of kernels.
Choices& choices();

std::optional<Algorithm> cached_algorithm(const std::string& key);
// A file that cannot be written costs only the measurement.
void cache_algorithm(const std::string& key, const Algorithm& algorithm);

}  // namespace iabn::cuda
