// y = (x − μ)·g + β with g = s/√(σ² + ε),  z = φ(y);  z may overwrite x.
#include "cpu/loops/closure.h"
#include "cpu/loops/rows.h"
#include "cpu/ops/abn.h"
#include "cpu/simd/data_engine.h"

namespace iabn {
namespace {

// Each repeated along a wide row.
struct Coefficients {
  const float* mean;
  const float* gain;
  const float* bias;
};

template <class T>
using Leaf = void(const T* x, int64_t x_pitch, T* z, int64_t z_pitch, const Strip& strip, Coefficients wide,
                  Activation activation);
using Engine = DataEngine<Leaf<float>, Leaf<bf16>>;

#define IABN_BODY "cpu/ops/abn_apply_simd.h"
#include "cpu/simd/each_isa.h"

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0], &spec.outputs[0]});
  const int64_t x_pitch = spec.inputs[0].row_pitch(), z_pitch = spec.outputs[0].row_pitch();
  const AbnScale scale = parse_scale(spec.attrs);
  const Activation activation = parse_activation(spec.attrs);
  const Engine& engine = engine_for(vector_lanes());
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &engine](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const float* mean = args.in<float>(1);
        const float* var = args.in<float>(2);
        const float* weight = args.in<float>(3);
        const float* bias = args.in<float>(4);
        float* wide_mean = static_cast<float*>(args.workspace);
        float* wide_gain = fill_wide(grid, wide_mean, [=](int64_t c) { return mean[c]; });
        scale.gains(weight, var, wide_gain, grid.channels);
        float* wide_bias = repeat_wide(grid, wide_gain);
        fill_wide(grid, wide_bias, [=](int64_t c) { return bias == nullptr ? 0.0f : bias[c]; });
        if (kFolded<T>) fold_shift(wide_mean, wide_gain, wide_bias, grid.padded());
        engine.order<T>(wide_mean, 3 * grid.padded());
        const T* x = args.in<T>(0);
        T* z = args.out<T>(0);
        parallel_rows(grid, [&](const Strip& strip) {
          engine.of<T>()(x, x_pitch, z, z_pitch, strip, {wide_mean, wide_gain, wide_bias}, activation);
        });
      },
      static_cast<size_t>(3 * grid.padded()) * sizeof(float));
}

const OpRegistration registration("abn_apply", {make});

}  // namespace
}  // namespace iabn
