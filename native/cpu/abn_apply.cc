// y = (x − μ)·g + β with g = s/√(σ² + ε),  z = φ(y);  z may be written over x.
#include "cpu/abn.h"
#include "cpu/closure.h"
#include "cpu/data.h"
#include "cpu/rows.h"
#include "cpu/store.h"

namespace iabn {
namespace {

// Each repeated along a wide row.
struct Coefficients {
  const float* mean;
  const float* gain;
  const float* bias;
};

template <class T>
IABN_INLINE void apply_rows(const T* x, int64_t x_pitch, T* z, int64_t z_pitch, const Strip& strip,
                            Coefficients wide, Activation activation) {
  const int64_t rows = strip.rows, columns = strip.columns;
  const int64_t x_stride = strip.step * x_pitch, z_stride = strip.step * z_pitch;
  x += strip.row * x_pitch, z += strip.row * z_pitch;
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t r = 0; r < rows; ++r) {
      const T* in = x + r * x_stride;
      T* out = z + r * z_stride;
      store_all(out, columns, [=](int64_t c) IABN_INLINE_LAMBDA {
        return phi.forward((load(in + c) - wide.mean[c]) * wide.gain[c] + wide.bias[c]);
      });
    }
  });
}

IABN_SIMD void apply_leaf(const float* x, int64_t x_pitch, float* z, int64_t z_pitch, const Strip& strip,
                          Coefficients wide, Activation activation) {
  apply_rows(x, x_pitch, z, z_pitch, strip, wide, activation);
}

IABN_SIMD void apply_leaf(const bf16* x, int64_t x_pitch, bf16* z, int64_t z_pitch, const Strip& strip,
                          Coefficients wide, Activation activation) {
  apply_rows(x, x_pitch, z, z_pitch, strip, wide, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const RowGrid grid = row_grid({&spec.inputs[0], &spec.outputs[0]});
  const int64_t x_pitch = spec.inputs[0].row_pitch(), z_pitch = spec.outputs[0].row_pitch();
  const AbnScale scale = parse_scale(spec.attrs);
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
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
        const T* x = args.in<T>(0);
        T* z = args.out<T>(0);
        parallel_rows(grid, [&](const Strip& strip) {
          apply_leaf(x, x_pitch, z, z_pitch, strip, {wide_mean, wide_gain, wide_bias}, activation);
        });
      },
      static_cast<size_t>(3 * grid.width) * sizeof(float));
}

const OpRegistration registration("abn_apply", {make});

}  // namespace
}  // namespace iabn
