// Specifications as text: fields that each end with a NUL, written by wasm-text.ts of packages/core.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace iabn {

// Reads fields in order.
class Fields {
 public:
  Fields(const char* text, size_t bytes) : next_(text), end_(text + bytes) {}

  std::string text() {
    if (next_ == end_) throw std::invalid_argument("a specification ends too early");
    std::string field(next_);
    next_ += field.size() + 1;
    return field;
  }
  double number() { return std::strtod(text().c_str(), nullptr); }
  size_t size() { return static_cast<size_t>(number()); }
  int64_t integer() { return static_cast<int64_t>(number()); }
  template <class T>
  T* handle() {
    return reinterpret_cast<T*>(size());
  }

 private:
  const char* next_;
  const char* end_;
};

// Writes fields in order.
class FieldsOut {
 public:
  FieldsOut& add(const std::string& field) {
    text_.append(field.c_str(), field.size() + 1);
    return *this;
  }
  FieldsOut& add(size_t number) { return add(std::to_string(number)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace iabn
