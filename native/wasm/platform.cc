// The part of a system that kernels ask for.
#include "platform/platform.h"

#include <unistd.h>

#include <cstdlib>

namespace iabn::platform {

uint64_t physical_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages <= 0 || page <= 0 ? 0 : static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
}

std::string processor_name() { return "WebAssembly"; }

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace iabn::platform
