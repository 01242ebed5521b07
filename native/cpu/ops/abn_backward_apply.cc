// dx = k·(dy − Σdy/m − x̂·Σ(dy·x̂)/m) with k = s/√(σ² + ε), as dx = k·dy + (q·t + r), x̂ = t·unit
// (abn_backward.h):
//   q = −k·unit·Σ(dy·x̂)/m,  r = −k·Σdy/m.
// With fixed statistics dx = k·dy, for which the identity needs nothing saved. dx may be written over dz or
// saved.
#include "cpu/loops/closure.h"
#include "cpu/ops/abn_backward.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

struct Coefficients {
  SavedCoefficients saved;
  const float* k;
  const float* q;
  const float* r;
};

struct Pitches {
  int64_t dz;
  int64_t saved;
  int64_t dx;
};

template <class T>
using Leaf = void(const T* dz, const T* saved, T* dx, const Strip& strip, const Pitches& pitches,
                  const Coefficients& wide, bool batch, bool from_output, Activation activation);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/abn_backward_apply_simd.h"
#include "cpu/simd/each_isa.h"

struct Sums {
  const float* dy;
  const float* dy_xhat;
  double share;  // 1/m
};

// On input q holds the unit.
IABN_SIMD void batch_leaf(Sums sums, const float* k, float* q, float* r, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    const double gain = -static_cast<double>(k[c]) * sums.share;
    q[c] = static_cast<float>(gain * static_cast<double>(q[c]) * static_cast<double>(sums.dy_xhat[c]));
    r[c] = static_cast<float>(gain * static_cast<double>(sums.dy[c]));
  }
}

bool parse_batch(const Attrs& attrs) {
  const std::string& statistics = attrs.string("statistics");
  if (statistics != "batch" && statistics != "fixed") {
    throw std::invalid_argument("unknown statistics '" + statistics + "' (batch, fixed)");
  }
  return statistics == "batch";
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  // Stands for what is not saved: its values do not count.
  const size_t saved_at = spec.inputs[1].present() ? 1 : 0;
  const TensorDesc &dz = spec.inputs[0], &saved = spec.inputs[saved_at], &dx = spec.outputs[0];
  const RowGrid grid = row_grid({&dz, &saved, &dx});
  const Pitches pitches = {dz.row_pitch(), saved.row_pitch(), dx.row_pitch()};
  const SavedLayer layer = parse_saved_layer(spec.attrs);
  const bool batch = parse_batch(spec.attrs);
  const Engine& engine = engine_for(vector_lanes());
  // m is an attribute, or an operand if it is counted over several processes.
  const bool counted = spec.inputs.size() > 8 && spec.inputs[8].present();
  const double known = batch ? 1.0 / spec.attrs.number("count") : 0.0;
  return make_data_kernel(
      dz.dtype,
      [=, &engine](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* dz = args.in<T>(0);
        const T* saved = args.in<T>(saved_at);
        const float* sum_dy = args.in<float>(6);
        const float* sum_dy_xhat = args.in<float>(7);
        const double share = counted ? 1.0 / static_cast<double>(*args.in<float>(8)) : known;
        T* dx = args.out<T>(0);
        Coefficients wide;
        float* k = layer.fill(grid, args, static_cast<float*>(args.workspace), kFolded<T>, &wide.saved);
        float *q = k + grid.padded(), *r = batch ? q + grid.padded() : q;
        const float *var = args.in<float>(3), *weight = args.in<float>(4);
        layer.scale.gains(weight, var, k, grid.channels);
        if (batch) {
          layer.units<T>(args, q, grid.channels);
          batch_leaf({sum_dy, sum_dy_xhat, share}, k, q, r, grid.channels);
          repeat_wide(grid, q);
          repeat_wide(grid, r);
        }
        repeat_wide(grid, k);
        if (kFolded<T> && batch) fold_shift(wide.saved.shift, q, r, grid.padded());
        float* const coefficients = static_cast<float*>(args.workspace);
        engine.order<T>(coefficients, r + grid.padded() - coefficients);
        wide.k = k, wide.q = q, wide.r = r;
        parallel_rows(grid, [&](const Strip& strip) {
          engine.of<T>()(dz, saved, dx, strip, pitches, wide, batch, layer.from_output, layer.activation);
        });
      },
      static_cast<size_t>(6 * grid.padded()) * sizeof(float));
}

const OpRegistration registration("abn_backward_apply", {make});

}  // namespace
}  // namespace iabn
