// The counter hash for random masks, identical on every device.
#pragma once

#include <cstdint>

#include "geometry/portable.h"

namespace iabn {

IABN_PORTABLE uint32_t mix(uint32_t v) {
  v ^= v >> 16;
  v *= 0x7feb352du;
  v ^= v >> 15;
  v *= 0x846ca68bu;
  v ^= v >> 16;
  return v;
}

}  // namespace iabn
