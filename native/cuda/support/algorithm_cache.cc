#include "cuda/support/algorithm_cache.h"

#include <sstream>

#include "program/choices.h"

namespace iabn::cuda {
namespace {

Choices& choices() {
  static Choices instance("IABN_CUDA_ALGORITHMS", "cuda-algorithms.txt");
  return instance;
}

}  // namespace

std::optional<Algorithm> cached_algorithm(const std::string& key) {
  const auto known = choices().find(key);
  if (!known) return std::nullopt;
  std::istringstream words(*known);
  Algorithm algorithm;
  if (!(words >> algorithm.id >> algorithm.math >> algorithm.workspace)) return std::nullopt;
  return algorithm;
}

void cache_algorithm(const std::string& key, const Algorithm& algorithm) {
  std::ostringstream text;
  text << algorithm.id << ' ' << algorithm.math << ' ' << algorithm.workspace;
  choices().add(key, text.str());
}

}  // namespace iabn::cuda
