// The C library for one thread has an allocator for one. The linker puts these in between (--wrap).
// aligned_alloc calls one of them.
#include <atomic>
#include <cstddef>

extern "C" {
void* __real_malloc(size_t bytes);
void __real_free(void* data);
void* __real_calloc(size_t count, size_t bytes);
void* __real_realloc(void* data, size_t bytes);
void* __real_memalign(size_t alignment, size_t bytes);
int __real_posix_memalign(void** data, size_t alignment, size_t bytes);
}

namespace {

std::atomic_flag allocating = ATOMIC_FLAG_INIT;

// Kernels allocate rarely, and briefly.
class Alone {
 public:
  Alone() {
    while (allocating.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Alone() { allocating.clear(std::memory_order_release); }
};

}  // namespace

extern "C" {
void* __wrap_malloc(size_t bytes) {
  Alone alone;
  return __real_malloc(bytes);
}
void __wrap_free(void* data) {
  Alone alone;
  __real_free(data);
}
void* __wrap_calloc(size_t count, size_t bytes) {
  Alone alone;
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* data, size_t bytes) {
  Alone alone;
  return __real_realloc(data, bytes);
}
void* __wrap_memalign(size_t alignment, size_t bytes) {
  Alone alone;
  return __real_memalign(alignment, bytes);
}
int __wrap_posix_memalign(void** data, size_t alignment, size_t bytes) {
  Alone alone;
  return __real_posix_memalign(data, alignment, bytes);
}
}
