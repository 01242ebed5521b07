// Attributes of an op, as passed from TypeScript: numbers, strings, booleans and lists of numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace iabn {

class Attrs {
 public:
  using Attr = std::variant<double, bool, std::string, std::vector<double>>;

  void set(const std::string& key, Attr value) { values_[key] = std::move(value); }

  // Each throws std::invalid_argument with the key if it is missing or has the wrong type.
  double number(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  bool boolean(const std::string& key) const;
  const std::string& string(const std::string& key) const;
  std::vector<int64_t> integers(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;

 private:
  template <class T>
  const T& get(const std::string& key, const char* expected) const;

  std::map<std::string, Attr> values_;
};

}  // namespace iabn
