#include "cuda/libraries/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace iabn::cuda {

Library::Library(const char* name, const char* setting, const std::vector<std::string>& files) : name_(name) {
  const char* chosen = std::getenv(setting);
  const std::vector<std::string> candidates = chosen && *chosen ? std::vector<std::string>{chosen} : files;
  for (const std::string& candidate : candidates) {
    handle_ = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    file_ = candidate;
    if (handle_) return;
  }
  const char* reason = dlerror();
  throw std::runtime_error(std::string("the CUDA device needs ") + name + ", which cannot be loaded (" +
                           (reason ? reason : "no reason given") + "): install it, put its folder on " +
                           "LD_LIBRARY_PATH, or name the file in " + setting);
}

void* Library::find(const char* symbol) const {
  void* address = dlsym(handle_, symbol);
  if (address) return address;
  throw std::runtime_error(name_ + " (" + file_ + ") is of another version: it has no " + symbol);
}

}  // namespace iabn::cuda
