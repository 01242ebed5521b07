// Which algorithms and kernels were timed to be the fastest: by a key of shape, dtype, device and library. A
// file keeps them from one process to the next.
#pragma once

#include <optional>
#include <string>

#include "cuda/support/convolution.h"
#include "program/choices.h"

namespace iabn::cuda {

// Holds the algorithms, and the names of kernels.
Choices& choices();

// As choices name an algorithm: of one version of the library, whose numbers mean something else in another.
std::string algorithm_name(const Algorithm& algorithm);
// nullopt where it is of another version, or names something else.
std::optional<Algorithm> algorithm_of(const std::string& name);

std::optional<Algorithm> cached_algorithm(const std::string& key);
// A file that cannot be written costs only the measurement.
void cache_algorithm(const std::string& key, const Algorithm& algorithm);

}  // namespace iabn::cuda
