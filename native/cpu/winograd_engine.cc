#include "cpu/winograd_engine.h"

#include "cpu/data_engine.h"

namespace iabn::winograd {
namespace {

#define IABN_BODY "cpu/winograd_simd.h"
#include "cpu/each_isa.h"

}  // namespace

const Engine& engine(int64_t lanes) { return engine_for(lanes); }

}  // namespace iabn::winograd
