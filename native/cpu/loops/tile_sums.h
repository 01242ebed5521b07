// Column sums over the rows of a tile: float32 within a run of rows, double across runs.
#pragma once

#include "cpu/loops/column_sums.h"
#include "cpu/loops/data.h"

namespace iabn {

void tile_sums(Lines<float> x, const Tile& tile, double* sum);
void tile_sums(Lines<bf16> x, const Tile& tile, double* sum);

}  // namespace iabn
