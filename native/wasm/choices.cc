// Autotuned choices of this process alone: WebAssembly sees no files.
#include "program/choices.h"

namespace iabn {

Choices::Choices(const char*, const char*) {}

std::vector<std::string> Choices::find(const std::string& key) {
  const auto found = known_.find(key);
  return found == known_.end() ? std::vector<std::string>{} : found->second;
}

void Choices::add(const std::string& key, const std::string& choice) { known_[key].push_back(choice); }

}  // namespace iabn
