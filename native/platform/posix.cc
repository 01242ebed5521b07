// Linux and macOS alike.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "platform/platform.h"

namespace iabn::platform {

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

void unmap_pages(void* data, size_t bytes) { munmap(data, bytes); }

uint64_t physical_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages <= 0 || page <= 0 ? 0 : static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
}

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Parting parting_from_threads() { return Parting::join; }

void at_fork(void (*child)()) { pthread_atfork(nullptr, nullptr, child); }

void exit_now(int code) { _exit(code); }

void* open_library(const std::string& path, const std::string& what) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(what + " cannot be loaded: " + dlerror());
  return library;
}

void* symbol_of(void* library, const char* name) { return dlsym(library, name); }

}  // namespace iabn::platform
