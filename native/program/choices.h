// What was measured to be fastest, by a key of all that it depends on. A file keeps it from one process to
// the next: later starts need not measure, and a run that goes on later sums in the same order.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace iabn {

class Choices {
 public:
  // `variable` of the environment names the file; else it is `name` in the user's cache folder.
  Choices(const char* variable, const char* name);

  // Neither has a tab or a line break. A file that cannot be written costs only the measurement.
  std::optional<std::string> find(const std::string& key);
  void add(const std::string& key, const std::string& choice);

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;
};

}  // namespace iabn
