// Maps threads to the rows of channels-last tensors: a thread keeps one pack of channels, with their
// coefficients in registers, and walks down the rows of its chunk.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "cuda/support/context.h"
#include "cuda/support/launch.h"
#include "cuda/support/numbers.h"
#include "program/tensor.h"

namespace iabn::cuda {

// Blocks per multiprocessor: for a reduction, as many as run concurrently, with equal work; for a map, more,
// so that the last ones finish together.
constexpr int64_t kReduceBlocks = 2;
constexpr int64_t kMapBlocks = 16;
constexpr int64_t kRowsAtLeast = 8;   // of a thread, where there are that many
constexpr int64_t kRowsAtMost = 512;  // sums of so many are exact enough in float32

struct RowMap {
  int64_t rows;      // of a segment
  int64_t segments;  // tensors one after the other, each reduced by itself
  int64_t channels;
  int pack;         // channels of a thread
  int across;       // threads along a row
  int down;         // threads along the rows
  int64_t columns;  // blocks along a row
  int64_t chunks;   // blocks along the rows
  int64_t chunk_rows;

  dim3 grid() const {
    return dim3(static_cast<unsigned>(chunks), static_cast<unsigned>(columns),
                static_cast<unsigned>(segments));
  }
  bool empty() const { return rows * segments * channels == 0; }
  int64_t rows_of_chunk(int64_t chunk) const { return std::min(chunk_rows, rows - chunk * chunk_rows); }
};

// The widest pack in which dense rows of `desc` can be read.
inline int dense_pack(const TensorDesc& desc) {
  int pack = 16 / static_cast<int>(dtype_size(desc.dtype));
  while (desc.channels() % pack != 0) pack /= 2;
  return pack;
}

// The widest pack in which all operands can be read. A slice may start anywhere in its tensor.
inline int pack_of(std::initializer_list<const TensorDesc*> operands) {
  for (const TensorDesc* desc : operands) {
    if (!desc->dense()) return 1;
  }
  return dense_pack(**operands.begin());
}

// `operands`: same shape, each with its pitch. `segments` divide the rows evenly. The rows of a thread depend
// on the shape and the device alone, so sums are bit-identical for dense tensors and strided views.
inline RowMap row_map(const Context& context, std::initializer_list<const TensorDesc*> operands,
                      int64_t blocks, int64_t segments = 1) {
  const TensorDesc& desc = **operands.begin();
  RowMap map = {};
  map.segments = segments;
  map.channels = desc.channels();
  map.rows = segments == 0 ? 0 : desc.rows() / segments;
  map.pack = pack_of(operands);
  const int64_t dense_packs = std::max<int64_t>(1, map.channels / dense_pack(desc));
  map.across = static_cast<int>(std::min<int64_t>(dense_packs, kThreads));
  map.down = static_cast<int>(kThreads) / map.across;
  const int64_t dense_columns = (dense_packs + map.across - 1) / map.across;
  map.columns = (std::max<int64_t>(1, map.channels / map.pack) + map.across - 1) / map.across;
  const int64_t wanted =
      std::max<int64_t>(1, context.multiprocessors * blocks / std::max<int64_t>(1, dense_columns * segments));
  const int64_t useful = std::max<int64_t>(1, map.rows / (map.down * kRowsAtLeast));
  const int64_t chunks = std::max(std::min(wanted, useful), map.rows / (map.down * kRowsAtMost));
  map.chunk_rows = std::max<int64_t>(1, (map.rows + chunks - 1) / chunks);
  map.chunks = (map.rows + map.chunk_rows - 1) / map.chunk_rows;
  return map;
}

// A thread's position.
struct RowCell {
  int64_t c;           // its first channel
  int down;            // its place among the threads down the rows
  int64_t begin, end;  // its rows, `step` apart, from the beginning of all segments
  int64_t step;
  bool active;

  __device__ explicit RowCell(const RowMap& map) {
    const int across = static_cast<int>(threadIdx.x) % map.across;
    down = static_cast<int>(threadIdx.x) / map.across;
    c = (static_cast<int64_t>(blockIdx.y) * map.across + across) * map.pack;
    const int64_t first = static_cast<int64_t>(blockIdx.z) * map.rows;
    const int64_t chunk = static_cast<int64_t>(blockIdx.x) * map.chunk_rows;
    const int64_t last = chunk + map.chunk_rows < map.rows ? chunk + map.chunk_rows : map.rows;
    begin = first + chunk + down;
    end = first + last;
    step = map.down;
    active = down < map.down && c < map.channels;
  }
};

// An integer as a type.
template <int N>
struct Count {
  static constexpr int value = N;
};

// Calls body(count, row) for the cell's rows row, row + step, …, several at a time so that their loads
// overlap.
template <class Body>
__device__ __forceinline__ void for_rows(const RowCell& cell, Body body) {
  int64_t row = cell.begin;
  for (; row + 3 * cell.step < cell.end; row += 4 * cell.step) body(Count<4>{}, row);
  for (; row < cell.end; row += cell.step) body(Count<1>{}, row);
}

// Calls body(Count<N>{}) on the host, with N the width of the map's packs.

template <class T, class Body>
void with_pack(int pack, Body body) {
  if constexpr (kPack<T> >= 8) {
    if (pack == 8) return body(Count<8>{});
  }
  if (pack == 4) return body(Count<4>{});
  if (pack == 2) return body(Count<2>{});
  body(Count<1>{});
}

// `values` of a thread's channels; `otherwise` for absent operands.
template <int N>
__device__ __forceinline__ void load_channels(const float* values, int64_t c, float otherwise,
                                              float (&out)[N]) {
#pragma unroll
  for (int j = 0; j < N; ++j) out[j] = values == nullptr ? otherwise : values[c + j];
}

}  // namespace iabn::cuda
