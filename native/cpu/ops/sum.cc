// Σ f(x0, x1, …)/divisor over axes, in an order that depends on the shape alone.
//
// A tile produces one block of sums: fixed positions along the kept axes, and a number of steps, one block
// after another, along the summed axes. The blocks of a tile are added elementwise, in float32 for a few
// blocks, then in double; the sum that an element belongs to is resolved once, at the end. Long tiles are
// split into chunks, whose partial sums are in the workspace and are added in order.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/expression_blocks.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

constexpr int64_t kRunBlocks = 32;  // added in float32
constexpr int64_t kChunkSteps = 32;
constexpr int64_t kTasks = 64;  // as many, where there is enough to do

IABN_SIMD void run_leaf(const float* values, float* run, int64_t count) {
  for (int64_t i = 0; i < count; ++i) run[i] += values[i];
}

IABN_SIMD void flush_leaf(float* run, double* total, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    total[i] += static_cast<double>(run[i]);
    run[i] = 0.0f;
  }
}

constexpr int64_t kSumLanes = 16;

// The sums of complete rows.
IABN_SIMD void rows_leaf(const float* values, int64_t rows, int64_t columns, double* out) {
  for (int64_t row = 0; row < rows; ++row, values += columns) {
    float lanes[kSumLanes] = {};
    int64_t c = 0;
    for (; c + kSumLanes <= columns; c += kSumLanes) {
      for (int64_t lane = 0; lane < kSumLanes; ++lane) lanes[lane] += values[c + lane];
    }
    double sum = 0.0;
    for (float lane : lanes) sum += static_cast<double>(lane);
    for (; c < columns; ++c) sum += static_cast<double>(values[c]);
    out[row] = sum;
  }
}

struct Sums {
  ExpressionBlocks blocks;
  std::vector<int64_t> counts;
  std::vector<int64_t> strides;  // of the results along each axis
  double divisor;
  int64_t tiles = 1, steps = 1;
  int64_t chunks = 1, chunk_steps = 1;

  bool rows_summed() const { return blocks.domain.summed[blocks.axes() - 2]; }
  bool columns_summed() const { return blocks.domain.summed[blocks.axes() - 1]; }

  // Positions of block `number` along the summed or the kept axes.
  void place(int64_t number, bool summed, std::vector<int64_t>& places) const {
    for (size_t axis = counts.size(); axis-- > 0;) {
      if (blocks.domain.summed[axis] != summed) continue;
      places[axis] = number % counts[axis];
      number /= counts[axis];
    }
  }
};

using Block = ExpressionThread::Block;

// Index of a tile's first sum.
int64_t result_of(const Sums& sums, const std::vector<int64_t>& places, const Block& block) {
  const size_t last = sums.counts.size() - 1;
  int64_t at = 0;
  for (size_t axis = 0; axis + 1 < last; ++axis) at += places[axis] * sums.strides[axis];
  return at + block.row * sums.strides[last - 1] + block.column * sums.strides[last];
}

// Number of sums that a block produces.
int64_t results_of(const Sums& sums, const Block& block) {
  return (sums.rows_summed() ? 1 : block.rows) * (sums.columns_summed() ? 1 : block.columns);
}

// Adds a block of totals with `count` elements to the sums.
void fold(const Sums& sums, const double* total, int64_t count, int64_t columns, int64_t results,
          double* out) {
  std::fill_n(out, results, 0.0);
  if (!sums.rows_summed() && !sums.columns_summed()) {
    std::copy_n(total, results, out);
  } else if (!sums.columns_summed()) {
    for (int64_t i = 0; i < count; i += columns) {
      for (int64_t c = 0; c < columns; ++c) out[c] += total[i + c];
    }
  } else {
    const int64_t each = results == 1 ? count : columns;
    for (int64_t r = 0; r < results; ++r) {
      for (int64_t i = 0; i < each; ++i) out[r] += total[r * each + i];
    }
  }
}

struct Partial {
  int64_t at;       // the first result
  int64_t results;  // from there on
};

// Writes the sums of one chunk of a tile to `out`.
Partial sum_chunk(const Sums& sums, ExpressionThread& thread, int64_t tile, int64_t chunk,
                  std::vector<int64_t>& places, double* out) {
  sums.place(tile, false, places);
  if (sums.steps == 1 && sums.columns_summed() && !sums.rows_summed()) {
    sums.place(0, true, places);
    const Block block = thread.locate(places.data());
    rows_leaf(thread.compute(block, nullptr), block.rows, block.columns, out);
    return {result_of(sums, places, block), block.rows};
  }
  alignas(64) float run[kExpressionBlock];
  alignas(64) double total[kExpressionBlock];
  const int64_t begin = chunk * sums.chunk_steps, end = std::min(sums.steps, begin + sums.chunk_steps);
  Block block = {};
  int64_t count = 0, columns = 0, waiting = 0;
  for (int64_t step = begin; step < end; ++step) {
    sums.place(step, true, places);
    block = thread.locate(places.data());
    const float* values = thread.compute(block, nullptr);
    if (block.count() > count) {
      std::fill(run + count, run + block.count(), 0.0f);
      std::fill(total + count, total + block.count(), 0.0);
      count = block.count();
      columns = block.columns;
    }
    run_leaf(values, run, block.count());
    if (++waiting == kRunBlocks || step + 1 == end) {
      flush_leaf(run, total, count);
      waiting = 0;
    }
  }
  Block first = block;
  if (sums.rows_summed()) first.row = 0;
  if (sums.columns_summed()) first.column = 0;
  const int64_t results = results_of(sums, block);
  fold(sums, total, count, columns, results, out);
  return {result_of(sums, places, first), results};
}

void run(const Sums& sums, const KernelArgs& args) {
  float* out = args.out<float>(0);
  double* partials = static_cast<double*>(args.workspace);
  const int64_t block = sums.blocks.rows_at_a_time * sums.blocks.columns_at_a_time;
  const int64_t elements = sums.tiles * sums.steps * block;
  const auto store = [&](const Partial& partial, const double* values) {
    for (int64_t i = 0; i < partial.results; ++i) {
      out[partial.at + i] = static_cast<float>(values[i] / sums.divisor);
    }
  };
  const int64_t tasks = sums.tiles * sums.chunks;
  parallel_range(tasks, elements / std::max<int64_t>(1, tasks), 1, [&](int64_t begin, int64_t end) {
    ExpressionThread thread(sums.blocks, args);
    std::vector<int64_t> places(sums.counts.size(), 0);
    alignas(64) double values[kExpressionBlock];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t tile = task / sums.chunks, chunk = task % sums.chunks;
      double* to = sums.chunks == 1 ? values : partials + task * kExpressionBlock;
      const Partial partial = sum_chunk(sums, thread, tile, chunk, places, to);
      if (sums.chunks == 1) store(partial, values);
    }
  });
  if (sums.chunks == 1) return;
  ExpressionThread thread(sums.blocks, args);
  for (int64_t tile = 0; tile < sums.tiles; ++tile) {
    std::vector<int64_t> places(sums.counts.size(), 0);
    sums.place(tile, false, places);
    const Block first = thread.locate(places.data());
    const Partial all = {result_of(sums, places, first), results_of(sums, first)};
    double* total = partials + tile * sums.chunks * kExpressionBlock;
    for (int64_t chunk = 1; chunk < sums.chunks; ++chunk) {
      for (int64_t i = 0; i < all.results; ++i) total[i] += total[chunk * kExpressionBlock + i];
    }
    store(all, total);
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const std::vector<int64_t>& left = spec.outputs[0].dims;
  Sums sums = {expression_blocks(spec, &left), {}, {}, spec.attrs.number("divisor")};
  const Domain& domain = sums.blocks.domain;
  sums.counts = sums.blocks.counts();
  sums.strides.resize(sums.counts.size());
  int64_t stride = 1;
  for (size_t axis = sums.counts.size(); axis-- > 0;) {
    (domain.summed[axis] ? sums.steps : sums.tiles) *= sums.counts[axis];
    if (domain.summed[axis]) continue;
    sums.strides[axis] = stride;
    stride *= domain.sizes[axis];
  }
  if (stride != spec.outputs[0].elements()) {
    throw std::invalid_argument("sums of another size than their result");
  }
  if (domain.elements() == 0) {
    return make_kernel_of(
        [stride](const KernelArgs& args) { std::fill_n(args.out<float>(0), stride, 0.0f); });
  }
  // The chunks depend on the shape alone.
  const int64_t wanted = std::min(ceil_div(kTasks, sums.tiles), sums.steps / kChunkSteps);
  sums.chunk_steps = ceil_div(sums.steps, std::max<int64_t>(1, wanted));
  sums.chunks = ceil_div(sums.steps, sums.chunk_steps);
  const size_t partials =
      sums.chunks == 1 ? 0 : static_cast<size_t>(sums.tiles * sums.chunks) * kExpressionBlock;
  return make_kernel_of([sums](const KernelArgs& args) { run(sums, args); }, partials * sizeof(double));
}

const OpRegistration registration("sum", {make});

}  // namespace
}  // namespace iabn
