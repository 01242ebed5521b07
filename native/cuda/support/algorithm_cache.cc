#include "cuda/support/algorithm_cache.h"

#include <sstream>
namespace iabn::cuda {

Choices& choices() {
  static Choices instance("IABN_CUDA_ALGORITHMS", "cuda-algorithms.txt");
  return instance;
}

std::string algorithm_name(const Algorithm& algorithm) {
  std::ostringstream text;
  text << "cudnn " << cudnn_version() << ' ' << algorithm.id << ' ' << algorithm.math << ' '
       << algorithm.workspace;
  return text.str();
}

std::optional<Algorithm> algorithm_of(const std::string& name) {
  std::istringstream words(name);
  std::string library, version;
  Algorithm algorithm;
  words >> library >> version >> algorithm.id >> algorithm.math >> algorithm.workspace;
  if (!words || library != "cudnn" || version != cudnn_version()) return std::nullopt;
  return algorithm;
}

std::optional<Algorithm> cached_algorithm(const std::string& key) {
  for (const std::string& known : choices().find(key)) {
    if (const auto algorithm = algorithm_of(known)) return algorithm;
  }
  return std::nullopt;
}

void cache_algorithm(const std::string& key, const Algorithm& algorithm) {
  choices().add(key, algorithm_name(algorithm));
}

}  // namespace iabn::cuda
