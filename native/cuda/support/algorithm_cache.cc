#include "cuda/support/algorithm_cache.h"

#include <sstream>
namespace iabn::cuda {

Choices& choices() {
  static Choices instance("IABN_CUDA_ALGORITHMS", "cuda-algorithms.txt");
  return instance;
}

std::optional<Algorithm> cached_algorithm(const std::string& key) {
  for (const std::string& known : choices().find(key)) {
    std::istringstream words(known);
    Algorithm algorithm;
    if (words >> algorithm.id >> algorithm.math >> algorithm.workspace) return algorithm;
  }
  return std::nullopt;
}

void cache_algorithm(const std::string& key, const Algorithm& algorithm) {
  std::ostringstream text;
  text << algorithm.id << ' ' << algorithm.math << ' ' << algorithm.workspace;
  choices().add(key, text.str());
}

}  // namespace iabn::cuda
