#include "program/choices.h"

#include <fstream>

#include "platform/platform.h"

namespace iabn {
namespace {

namespace fs = std::filesystem;

fs::path cache_file(const char* setting, const char* name) {
  if (const auto chosen = platform::variable(setting)) return fs::u8path(*chosen);
  const auto folder = [](const char* named) { return fs::u8path(platform::variable(named).value_or("")); };
  const fs::path cache = folder("XDG_CACHE_HOME"), home = folder("HOME"), windows = folder("LOCALAPPDATA");
  if (!cache.empty()) return cache / "inplace-abn" / name;
  if (!home.empty()) return home / ".cache" / "inplace-abn" / name;
  return windows.empty() ? fs::path() : windows / "inplace-abn" / name;
}

// Another version may compute something else under the same name.
std::string versioned(const std::string& key) { return "inplace-abn " IABN_VERSION ", " + key; }

}  // namespace

// One line per choice: the choice, a tab, the key.
Choices::Choices(const char* variable, const char* name) : path_(cache_file(variable, name)) {
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    known_[line.substr(tab + 1)].push_back(line.substr(0, tab));
  }
}

std::vector<std::string> Choices::find(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(versioned(key));
  return found == known_.end() ? std::vector<std::string>{} : found->second;
}

void Choices::add(const std::string& key, const std::string& choice) {
  const std::lock_guard<std::mutex> lock(mutex_);
  known_[versioned(key)].push_back(choice);
  if (path_.empty()) return;
  std::error_code ignored;
  fs::create_directories(path_.parent_path(), ignored);
  std::ofstream file(path_, std::ios::app);
  file << choice + '\t' + versioned(key) + '\n';  // a single write, because other processes append too
}

}  // namespace iabn
