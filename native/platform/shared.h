// Functions that several systems share.
#pragma once

#include <algorithm>
#include <thread>

#include "platform/platform.h"

namespace iabn::platform {

// Writes what is there already to every page.
inline void touch_pages(uint8_t* data, size_t length) {
  for (size_t at = 0, page = page_bytes(); at < length; at += page) {
    volatile uint8_t* byte = data + at;
    *byte = *byte;
  }
}

inline int counted_processors() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace iabn::platform
