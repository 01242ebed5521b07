// Teams of OpenMP's threads.
#include "cpu/loops/threads.h"

#include <omp.h>

namespace iabn {

int most_threads() { return std::max(1, omp_get_max_threads()); }

namespace threads {

void run(int threads, void (*call)(const void* body, Member member), const void* body) {
  if (threads <= 1) return call(body, {0, 1});
#pragma omp parallel num_threads(threads)
  call(body, {omp_get_thread_num(), omp_get_num_threads()});
}

void wait() {
#pragma omp barrier
}

}  // namespace threads
}  // namespace iabn
