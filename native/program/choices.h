// Autotuned choices, by a key of everything that affects timing, including the addon's version. A file caches
// them across processes, so that later starts need no autotuning.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace iabn {

class Choices {
 public:
  // The environment variable `variable` names the file; the default is `name` in the user's cache folder.
  Choices(const char* variable, const char* name);

  // All choices added under a key, oldest first. The first that the caller knows is valid: processes append
  // concurrently, and a process that does not know a name adds another.
  std::vector<std::string> find(const std::string& key);
  // Neither may contain a tab or line break. If the file is not writable, the only cost is another
  // autotuning.
  void add(const std::string& key, const std::string& choice);

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> known_;
};

}  // namespace iabn
