// A shared library opened on demand, so that one binary works on machines with and without it.
#pragma once

#include <string>
#include <vector>

namespace iabn::cuda {

class Library {
 public:
  // `setting`: environment variable with the file's path; otherwise the first of `files` that opens. Throws
  // std::runtime_error with one sentence that says how to fix it.
  Library(const char* name, const char* setting, const std::vector<std::string>& files);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Sets `function`; throws if the library lacks the symbol.
  template <class Function>
  void resolve(Function*& function, const char* symbol) const {
    function = reinterpret_cast<Function*>(find(symbol));
  }
  const std::string& file() const { return file_; }

 private:
  void* find(const char* symbol) const;

  std::string name_;
  std::string file_;
  void* handle_ = nullptr;  // never closed: libraries keep state of the process
};

}  // namespace iabn::cuda
