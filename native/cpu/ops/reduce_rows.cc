// Sum over all axes except the channels: the gradient of a bias.
#include "cpu/loops/closure.h"
#include "cpu/loops/tile_sums.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0]});
  const int64_t pitch = spec.inputs[0].row_pitch();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* x = args.in<T>(0);
        float* out = args.out<float>(0);
        column_sums(
            grid, 1, static_cast<double*>(args.workspace),
            [&](const Tile& tile, double* partial) {
              tile_sums(lines_of(x, pitch, grid, tile), tile, partial);
            },
            [&](int64_t, int64_t c, double sum) { out[c] = static_cast<float>(sum); });
      },
      column_sums_doubles(grid, 1) * sizeof(double));
}

const OpRegistration registration("reduce_rows", {make});

}  // namespace
}  // namespace iabn
