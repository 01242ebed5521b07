#include <mach/mach.h>
#include <sys/mman.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <thread>

#include "platform/touch.h"

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

// Pages that nobody uses, and those that the system drops or writes out before it lacks memory.
uint64_t available_bytes() {
  vm_statistics64_data_t pages;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  const auto result =
      host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&pages), &count);
  if (result != KERN_SUCCESS) return 0;
  return (uint64_t{pages.free_count} + pages.inactive_count + pages.purgeable_count) * page_bytes();
}

std::string processor_name() {
  char name[256] = "";
  size_t bytes = sizeof name - 1;
  return sysctlbyname("machdep.cpu.brand_string", name, &bytes, nullptr, 0) == 0 ? name : "unknown";
}

int processors() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

// The system sends no signal for it.
bool die_with_parent(size_t parent) { return static_cast<size_t>(getppid()) == parent; }

}  // namespace iabn::platform
