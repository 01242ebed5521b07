#include <sys/mman.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include <new>

#include "platform/shared.h"

namespace iabn::platform {
namespace {

void* map_at(void* place, size_t bytes, int fixed) {
  void* mapped = mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | fixed, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

}  // namespace

void* map_pages(size_t bytes) { return map_at(nullptr, bytes, 0); }

// New pages replace them. MADV_DONTNEED would leave their content.
void clear_pages(void* data, size_t bytes) {
  if (!map_at(data, bytes, MAP_FIXED)) throw std::bad_alloc();
}

bool populate_pages(uint8_t* data, size_t length) {
  touch_pages(data, length);
  return true;
}

std::string processor_name() {
  char name[256] = "";
  size_t bytes = sizeof name - 1;
  return sysctlbyname("machdep.cpu.brand_string", name, &bytes, nullptr, 0) == 0 ? name : "unknown";
}

int processors() { return counted_processors(); }

// The system sends no signal for it.
bool die_with_parent(size_t parent) { return static_cast<size_t>(getppid()) == parent; }

}  // namespace iabn::platform
