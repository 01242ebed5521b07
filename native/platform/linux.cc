#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "platform/cpuinfo.h"
#include "platform/shared.h"

namespace iabn::platform {
namespace {

// Linux 5.14; older headers lack the name.
constexpr int populate_write = 23;

}  // namespace

void* map_pages(size_t bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  madvise(mapped, bytes, MADV_HUGEPAGE);  // advice only: small pages work, slower
  return mapped;
}

void clear_pages(void* data, size_t bytes) { madvise(data, bytes, MADV_DONTNEED); }

bool populate_pages(uint8_t* data, size_t length) {
  while (madvise(data, length, populate_write) != 0) {
    if (errno == EAGAIN || errno == EINTR) continue;
    if (errno != EINVAL && errno != ENOSYS) return false;
    touch_pages(data, length);
    break;
  }
  return true;
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  return processor_in(file);
}

int processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return counted_processors();
}

bool die_with_parent(size_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return static_cast<size_t>(getppid()) == parent;
}

}  // namespace iabn::platform
