#include "program/choices.h"

#include <cstdlib>
#include <fstream>

namespace iabn {
namespace {

namespace fs = std::filesystem;

fs::path cache_file(const char* variable, const char* name) {
  if (const char* chosen = std::getenv(variable)) return chosen;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache && *cache) return fs::path(cache) / "inplace-abn" / name;
  if (home && *home) return fs::path(home) / ".cache" / "inplace-abn" / name;
  return {};
}

}  // namespace

// A line each: the choice, a tab, the key.
Choices::Choices(const char* variable, const char* name) : path_(cache_file(variable, name)) {
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    known_.emplace(line.substr(tab + 1), line.substr(0, tab));  // the first stands: processes append at once
  }
}

std::optional<std::string> Choices::find(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void Choices::add(const std::string& key, const std::string& choice) {
  const std::lock_guard<std::mutex> lock(mutex_);
  known_.emplace(key, choice);
  if (path_.empty()) return;
  std::error_code ignored;
  fs::create_directories(path_.parent_path(), ignored);
  std::ofstream file(path_, std::ios::app);
  file << choice + '\t' + key + '\n';  // one write: other processes append to it, too
}

}  // namespace iabn
