#include "cpu/convolution/product_engine.h"

#include <algorithm>

#include "cpu/loops/data.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn::product {
namespace {

#define IABN_BODY "cpu/convolution/product_simd.h"
#include "cpu/simd/each_isa.h"

}  // namespace

const Engine& engine(int64_t lanes) { return engine_for(lanes); }

}  // namespace iabn::product
