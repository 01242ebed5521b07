#include "cpu/convolution/grouped_engine.h"

#include <algorithm>

#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn::grouped {
namespace {

#define IABN_BODY_ROUNDS
#define IABN_BODY "cpu/convolution/grouped_simd.h"
#include "cpu/simd/each_isa.h"

}  // namespace

const Engine& engine() { return engine_for(vector_lanes()); }

}  // namespace iabn::grouped
