#include "program/attrs.h"

#include <stdexcept>

namespace iabn {

template <class T>
const T& Attrs::get(const std::string& key, const char* expected) const {
  auto found = values_.find(key);
  const T* value = found == values_.end() ? nullptr : std::get_if<T>(&found->second);
  if (!value) throw std::invalid_argument("expected " + std::string(expected) + " for attribute " + key);
  return *value;
}

double Attrs::number(const std::string& key) const { return get<double>(key, "a number"); }
int64_t Attrs::integer(const std::string& key) const { return static_cast<int64_t>(number(key)); }
bool Attrs::boolean(const std::string& key) const { return get<bool>(key, "a boolean"); }
const std::string& Attrs::string(const std::string& key) const { return get<std::string>(key, "a string"); }

std::vector<double> Attrs::numbers(const std::string& key) const {
  return get<std::vector<double>>(key, "a list of numbers");
}

std::vector<int64_t> Attrs::integers(const std::string& key) const {
  std::vector<int64_t> result;
  for (double value : numbers(key)) result.push_back(static_cast<int64_t>(value));
  return result;
}

}  // namespace iabn
