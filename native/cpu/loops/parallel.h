// Divides work among threads.
//
// Elementwise work is divided evenly. Sums are not: their grid of chunks depends on the shape alone, every
// chunk writes its partial sums to the workspace, and these are added in order, so that results do not depend
// on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/loops/threads.h"

namespace iabn {

// Below this number of elements, waking a team of threads costs more than it saves.
constexpr int64_t kParallelElements = 16384;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Threads for tasks of so many elements together.
inline int threads_for(int64_t tasks, int64_t elements) {
  return elements >= kParallelElements && tasks > 1 ? most_threads() : 1;
}

// Calls body(task) for every task in [0, tasks); elements: of all tasks together.
template <class Body>
void parallel_tasks(int64_t tasks, int64_t elements, const Body& body) {
  parallel_divide(threads_for(tasks, elements), tasks, [&](int64_t task, int) { body(task); });
}

// Calls body(begin, end) for ranges that cover [0, count), one per thread. Bounds are multiples of grain, so
// that threads share no cache line. item_elements: number of elements per item.
template <class Body>
void parallel_range(int64_t count, int64_t item_elements, int64_t grain, const Body& body) {
  const int64_t grains = ceil_div(count, grain);
  const bool worth = count * item_elements >= kParallelElements;
  parallel(worth ? static_cast<int>(std::min<int64_t>(most_threads(), grains)) : 1, [&](Team& team) {
    const int64_t begin = std::min(count, grains * team.thread() / team.threads() * grain);
    const int64_t end = std::min(count, grains * (team.thread() + 1) / team.threads() * grain);
    if (begin < end) team.guard([&] { body(begin, end); });
  });
}

// For flat arrays of elements.
template <class Body>
void parallel_elements(int64_t count, const Body& body) {
  parallel_range(count, 1, 64, body);
}

}  // namespace iabn
