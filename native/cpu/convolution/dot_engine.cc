#include "cpu/convolution/dot_engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn::dot {
namespace {

struct Engine {
  Multiply* multiply;
};

#define IABN_BODY_ROUNDS
#define IABN_BODY "cpu/convolution/dot_simd.h"
#include "cpu/simd/each_isa.h"

}  // namespace

Multiply* multiply(int64_t lanes) { return engine_for(lanes).multiply; }

}  // namespace iabn::dot
