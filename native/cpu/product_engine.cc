#include "cpu/product_engine.h"

#include <algorithm>

#include "cpu/data.h"
#include "cpu/vector_lanes.h"

namespace iabn::product {
namespace {

#define IABN_BODY "cpu/product_simd.h"
#include "cpu/each_isa.h"

}  // namespace

const Engine& engine(int64_t lanes) { return engine_for(lanes); }

}  // namespace iabn::product
