// Σ dy and Σ dy·x̂ per channel, reading dz and saved once. The loops sum dy·t with x̂ = t·unit
// (abn_backward.h).
#include "cpu/loops/closure.h"
#include "cpu/loops/column_sums.h"
#include "cpu/ops/abn_backward.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

template <class T>
using Leaf = void(Lines<T> dz, Lines<T> saved, const Tile& tile, const SavedCoefficients& wide,
                  bool from_output, Activation activation, double* sum_dy, double* sum_dy_t);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/abn_backward_reduce_simd.h"
#include "cpu/simd/each_isa.h"

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0], &spec.inputs[1]});
  const int64_t dz_pitch = spec.inputs[0].row_pitch(), saved_pitch = spec.inputs[1].row_pitch();
  const SavedLayer layer = parse_saved_layer(spec.attrs);
  const Engine& engine = engine_for(vector_lanes());
  const size_t partials = column_sums_doubles(grid, 2) * sizeof(double);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &engine](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* dz = args.in<T>(0);
        const T* saved = args.in<T>(1);
        float* sums[] = {args.out<float>(0), args.out<float>(1)};
        SavedCoefficients wide;
        float* const coefficients = reinterpret_cast<float*>(static_cast<char*>(args.workspace) + partials);
        float* const unit = layer.fill(grid, args, coefficients, kFolded<T>, &wide);
        engine.order<T>(coefficients, unit - coefficients);
        layer.units<T>(args, unit, grid.channels);
        column_sums(
            grid, 2, static_cast<double*>(args.workspace),
            [&](const Tile& tile, double* partial) {
              const SavedCoefficients here = {wide.shift + tile.column, wide.gain + tile.column,
                                              wide.bias + tile.column};
              engine.of<T>()(lines_of(dz, dz_pitch, grid, tile), lines_of(saved, saved_pitch, grid, tile),
                             tile, here, layer.from_output, layer.activation, partial, partial + grid.width);
            },
            [&](int64_t s, int64_t c, double sum) {
              sums[s][c] = static_cast<float>(s == 0 ? sum : sum * static_cast<double>(unit[c]));
            });
      },
      partials + static_cast<size_t>(3 * grid.padded() + grid.channels) * sizeof(float));
}

const OpRegistration registration("abn_backward_reduce", {make});

}  // namespace
}  // namespace iabn
