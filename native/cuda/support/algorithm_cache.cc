#include "cuda/support/algorithm_cache.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

namespace iabn::cuda {
namespace {

namespace fs = std::filesystem;

// A line each: algorithm, math, workspace, key.
fs::path cache_file() {
  if (const char* chosen = std::getenv("IABN_CUDA_ALGORITHMS")) return chosen;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache && *cache) return fs::path(cache) / "inplace-abn" / "cuda-algorithms.txt";
  if (home && *home) return fs::path(home) / ".cache" / "inplace-abn" / "cuda-algorithms.txt";
  return {};
}

std::mutex mutex;

std::map<std::string, Algorithm> read_file() {
  std::map<std::string, Algorithm> known;
  std::ifstream file(cache_file());
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Algorithm algorithm;
    std::string key;
    if (words >> algorithm.id >> algorithm.math >> algorithm.workspace &&
        std::getline(words >> std::ws, key)) {
      known.emplace(key, algorithm);  // the first stands: another process may have appended its own
    }
  }
  return known;
}

std::map<std::string, Algorithm>& known_algorithms() {
  static std::map<std::string, Algorithm> known = read_file();
  return known;
}

}  // namespace

std::optional<Algorithm> cached_algorithm(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = known_algorithms().find(key);
  if (found == known_algorithms().end()) return std::nullopt;
  return found->second;
}

void cache_algorithm(const std::string& key, const Algorithm& algorithm) {
  const std::lock_guard<std::mutex> lock(mutex);
  known_algorithms().emplace(key, algorithm);
  const fs::path path = cache_file();
  if (path.empty()) return;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  std::ofstream file(path, std::ios::app);
  std::ostringstream line;
  line << algorithm.id << ' ' << algorithm.math << ' ' << algorithm.workspace << ' ' << key << '\n';
  file << line.str();
}

}  // namespace iabn::cuda
