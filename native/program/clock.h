// The clock of all timings: programs' and collectives' compare.
#pragma once

#include <chrono>

namespace iabn {

// Seconds since an arbitrary moment, the same for all threads of the process.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace iabn
