// The part of a system that kernels ask for.
#include "platform/platform.h"

#include <unistd.h>

#include <cstdlib>

namespace iabn::platform {
namespace {

uint64_t bytes_of(int pages) {
  const long count = sysconf(pages), page = sysconf(_SC_PAGESIZE);
  return count <= 0 || page <= 0 ? 0 : static_cast<uint64_t>(count) * static_cast<uint64_t>(page);
}

}  // namespace

uint64_t physical_bytes() { return bytes_of(_SC_PHYS_PAGES); }

uint64_t available_bytes() { return bytes_of(_SC_AVPHYS_PAGES); }

std::string processor_name() { return "WebAssembly"; }

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace iabn::platform
