// Σ dy and Σ dy·x̂ per channel, reading dz and saved once. The loops sum dy·t with x̂ = t·unit
// (abn_backward.h).
#include "cpu/abn_backward.h"
#include "cpu/closure.h"
#include "cpu/column_sums.h"

namespace iabn {
namespace {

struct RunSums {
  alignas(64) float dy[kMaxBlock];
  alignas(64) float dy_t[kMaxBlock];
};

template <int Rows, class T, class Source, class Phi>
IABN_INLINE void add_rows(Lines<T> dz, Lines<T> saved, int64_t segments, int64_t columns,
                          const SavedCoefficients& wide, Source source, Phi phi, RunSums& run) {
  for (int64_t k = 0; k < segments; ++k) {
    const T *grad = dz.data + k * dz.pitch, *kept = saved.data + k * saved.pitch;
    for (int64_t c = 0, i = k * columns; c < columns; ++c, ++i) {
      float sum_dy = 0.0f, sum_dy_t = 0.0f;
      for (int r = 0; r < Rows; ++r) {
        const Recovered v =
            source.recover(phi, load(kept + r * saved.stride + c), load(grad + r * dz.stride + c), wide, i);
        sum_dy += v.dy;
        sum_dy_t += v.dy * v.t;
      }
      run.dy[i] += sum_dy;
      run.dy_t[i] += sum_dy_t;
    }
  }
}

template <class T>
IABN_INLINE void sum_tile(Lines<T> dz, Lines<T> saved, const Tile& tile, SavedCoefficients wide,
                          bool from_output, Activation activation, double* sum_dy, double* sum_dy_t) {
  const int64_t rows = tile.rows, columns = tile.width();
  const int64_t segments = tile.segments, each = tile.columns;
  for (int64_t c = 0; c < columns; ++c) sum_dy[c] = 0.0;
  for (int64_t c = 0; c < columns; ++c) sum_dy_t[c] = 0.0;
  with_saved(from_output, activation, [=](auto source, auto phi) IABN_INLINE_LAMBDA {
    RunSums run;
    for (int64_t first = 0; first < rows; first += kRun) {
      const int64_t last = std::min(rows, first + kRun);
      for (int64_t c = 0; c < columns; ++c) run.dy[c] = 0.0f;
      for (int64_t c = 0; c < columns; ++c) run.dy_t[c] = 0.0f;
      int64_t r = first;
      for (; r + 4 <= last; r += 4) {
        add_rows<4>(dz.from(r), saved.from(r), segments, each, wide, source, phi, run);
      }
      for (; r < last; ++r) {
        add_rows<1>(dz.from(r), saved.from(r), segments, each, wide, source, phi, run);
      }
      for (int64_t c = 0; c < columns; ++c) sum_dy[c] += static_cast<double>(run.dy[c]);
      for (int64_t c = 0; c < columns; ++c) sum_dy_t[c] += static_cast<double>(run.dy_t[c]);
    }
  });
}

IABN_SIMD void sum_leaf(Lines<float> dz, Lines<float> saved, const Tile& tile, SavedCoefficients wide,
                        bool from_output, Activation activation, double* sum_dy, double* sum_dy_t) {
  sum_tile(dz, saved, tile, wide, from_output, activation, sum_dy, sum_dy_t);
}

IABN_SIMD void sum_leaf(Lines<bf16> dz, Lines<bf16> saved, const Tile& tile, SavedCoefficients wide,
                        bool from_output, Activation activation, double* sum_dy, double* sum_dy_t) {
  sum_tile(dz, saved, tile, wide, from_output, activation, sum_dy, sum_dy_t);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0], &spec.inputs[1]});
  const int64_t dz_pitch = spec.inputs[0].row_pitch(), saved_pitch = spec.inputs[1].row_pitch();
  const SavedLayer layer = parse_saved_layer(spec.attrs);
  const size_t partials = column_sums_doubles(grid, 2) * sizeof(double);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* dz = args.in<T>(0);
        const T* saved = args.in<T>(1);
        float* sums[] = {args.out<float>(0), args.out<float>(1)};
        SavedCoefficients wide;
        layer.fill(grid, args, reinterpret_cast<float*>(static_cast<char*>(args.workspace) + partials),
                   &wide);
        column_sums(
            grid, 2, static_cast<double*>(args.workspace),
            [&](const Tile& tile, double* partial) {
              const SavedCoefficients here = {wide.shift + tile.column, wide.gain + tile.column,
                                              wide.bias + tile.column};
              sum_leaf(lines_of(dz, dz_pitch, grid, tile), lines_of(saved, saved_pitch, grid, tile), tile,
                       here, layer.from_output, layer.activation, partial, partial + grid.width);
            },
            [&](int64_t s, int64_t c, double sum) {
              sums[s][c] = static_cast<float>(
                  s == 0 ? sum : sum * layer.unit(args.in<float>(4), args.in<float>(3), c));
            });
      },
      partials + static_cast<size_t>(3 * grid.width) * sizeof(float));
}

const OpRegistration registration("abn_backward_reduce", {make});

}  // namespace
}  // namespace iabn
