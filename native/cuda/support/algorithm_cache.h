// Autotuned algorithms and kernels, by a key of shape, dtype, device and library, cached in a file across
// processes.
#pragma once

#include <optional>
#include <string>

#include "cuda/support/convolution.h"
#include "program/choices.h"

namespace iabn::cuda {

// Stores the algorithms and the names of kernels.
Choices& choices();

// The name of an algorithm in a choice. It includes the library's version, because numbers change between
// versions.
std::string algorithm_name(const Algorithm& algorithm);
// nullopt if it belongs to another version, or is not an algorithm.
std::optional<Algorithm> algorithm_of(const std::string& name);

std::optional<Algorithm> cached_algorithm(const std::string& key);
// If the file is not writable, the only cost is another autotuning.
void cache_algorithm(const std::string& key, const Algorithm& algorithm);

}  // namespace iabn::cuda
