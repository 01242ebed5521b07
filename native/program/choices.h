// The fastest of what was timed, by a key of all that its time depends on; the addon's version is part of
// every key. A file keeps it from one process to the next: later starts need not time anything.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace iabn {

class Choices {
 public:
  // `variable` of the environment names the file; else it is `name` in the user's cache folder.
  Choices(const char* variable, const char* name);

  // All that was added under a key, the oldest first: the first that the caller knows holds. Processes append
  // at once, and one that does not know a name adds another.
  std::vector<std::string> find(const std::string& key);
  // Neither has a tab or a line break. A file that cannot be written costs only the measurement.
  void add(const std::string& key, const std::string& choice);

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> known_;
};

}  // namespace iabn
