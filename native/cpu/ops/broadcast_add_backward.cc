// db[n,c] = Σ dout[n,c,…] over the positions of image n.
#include "cpu/loops/closure.h"
#include "cpu/loops/tile_sums.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  TensorDesc image = spec.inputs[0];
  const int64_t images = image.dims[0];
  image.dims[0] = 1;
  const RowGrid grid = row_grid({&image});
  return make_data_kernel(
      image.dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        for (int64_t n = 0; n < images; ++n) {
          const T* x = args.in<T>(0) + n * grid.elements();
          T* out = args.out<T>(0) + n * grid.channels;
          column_sums(
              grid, 1, static_cast<double*>(args.workspace),
              [&](const Tile& tile, double* partial) {
                tile_sums(lines_of(x, grid.channels, grid, tile), tile, partial);
              },
              [&](int64_t, int64_t c, double sum) { store(out + c, static_cast<float>(sum)); });
        }
      },
      column_sums_doubles(grid, 1) * sizeof(double));
}

const OpRegistration registration("broadcast_add_backward", {make});

}  // namespace
}  // namespace iabn
