#include "cpu/convolution/winograd_engine.h"

#include "cpu/simd/data_engine.h"

namespace iabn::winograd {
namespace {

#define IABN_BODY "cpu/convolution/winograd_simd.h"
#include "cpu/simd/each_isa.h"

}  // namespace

const Engine& engine(int64_t lanes) { return engine_for(lanes); }

}  // namespace iabn::winograd
