#include "cpu/grouped_engine.h"

#include <algorithm>

#include "cpu/vector_lanes.h"

namespace iabn::grouped {
namespace {

#define IABN_BODY "cpu/grouped_simd.h"
#include "cpu/each_isa.h"

}  // namespace

const Engine& engine() {
  static const Engine& chosen = engine_for(vector_lanes());
  return chosen;
}

}  // namespace iabn::grouped
