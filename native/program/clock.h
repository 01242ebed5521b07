// The clock of all timings, so that programs and collectives can be compared.
#pragma once

#include <chrono>

namespace iabn {

// Seconds since an arbitrary point in time, the same for all threads of the process.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace iabn
