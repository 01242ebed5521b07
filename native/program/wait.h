// Waiting on a condition variable, with the symbols that libstdc++ has had since GCC 11:
// std::condition_variable::wait is GLIBCXX_3.4.30, which only GCC 12 brings.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace iabn {

// Returns once ready() holds. Call it with `lock` held; ready() also runs with it held.
template <class Ready>
void wait_until_ready(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Ready ready) {
  while (!condition.wait_for(lock, std::chrono::hours(24), ready)) {
  }
}

}  // namespace iabn
