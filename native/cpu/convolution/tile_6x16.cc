#include "cpu/convolution/tile_6x16.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "cpu/onednn/onednn.h"
#include "cpu/simd/vector_lanes.h"

namespace iabn {
namespace {

struct Engine {
  void (*run)(const ProductTile&);
};

#define IABN_BODY "cpu/convolution/tile_simd.h"
#include "cpu/simd/each_isa.h"

}  // namespace

bool has_tiles() { return onednn::allows(onednn::Isa::avx2) && !onednn::allows(onednn::Isa::avx512); }

void run_tile(const ProductTile& tile) {
  static const Engine& engine = engine_for(vector_lanes());
  engine.run(tile);
}

}  // namespace iabn
