// Which algorithms were measured to be the fastest: by a key of shape, dtype, device and library. A file
// keeps them from one process to the next, so that a run that goes on later sums in the same order.
#pragma once

#include <optional>
#include <string>

#include "cuda/support/convolution.h"

namespace iabn::cuda {

std::optional<Algorithm> cached_algorithm(const std::string& key);
// A file that cannot be written costs only the measurement.
void cache_algorithm(const std::string& key, const Algorithm& algorithm);

}  // namespace iabn::cuda
