// dx = k·(dy − Σdy/m − x̂·Σ(dy·x̂)/m) with k = s/√(σ² + ε), as dx = k·dy + (q·t + r), x̂ = t·unit
// (support/abn.h):
//   q = −k·unit·Σ(dy·x̂)/m,  r = −k·Σdy/m.
// With fixed statistics dx = k·dy, for which the identity needs nothing saved. dx may be written over dz or
// saved.
#include "cuda/support/abn.h"

namespace iabn::cuda {
namespace {

// Σ dy and Σ dy·x̂ over m samples; m is an attribute, or an operand if counted over several processes.
struct BatchSums {
  const float* dy;  // null: the statistics are fixed
  const float* dy_xhat;
  const float* counted;
  double known;

  __device__ float share() const {
    return static_cast<float>(1.0 / (counted == nullptr ? known : static_cast<double>(*counted)));
  }
};

template <class T>
struct Operands {
  const T *dz, *saved;
  T* dx;
  int64_t dz_pitch, saved_pitch, dx_pitch;
};

template <class T, int N, class Source>
__global__ void __launch_bounds__(kThreads)
    apply(RowMap map, Operands<T> at, SavedLayer layer, BatchSums sums, Source source) {
  const RowCell cell(map);
  if (!cell.active) return;
  typename Source::template Coefficients<N> coefficients;
  source.load(layer, cell.c, coefficients);
  float k[N], q[N], r0[N];
  const float share = sums.dy == nullptr ? 0.0f : sums.share();
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const int64_t c = cell.c + j;
    k[j] = layer.gain(c);
    q[j] = sums.dy == nullptr ? 0.0f : -k[j] * source.unit(layer, c) * sums.dy_xhat[c] * share;
    r0[j] = sums.dy == nullptr ? 0.0f : -k[j] * sums.dy[c] * share;
  }
  for_rows(cell, [&](auto count, int64_t row) {
    constexpr int R = decltype(count)::value;
    Pack<T, N> grad[R], kept[R];
#pragma unroll
    for (int r = 0; r < R; ++r) {
      const int64_t each = row + r * cell.step;
      grad[r] = load_pack<N>(at.dz + each * at.dz_pitch + cell.c);
      kept[r] = load_pack<N>(at.saved + each * at.saved_pitch + cell.c);
    }
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float out[N];
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const Recovered v = source.recover(coefficients, j, to_float(kept[r].at[j]), to_float(grad[r].at[j]));
        out[j] = sums.dy == nullptr ? k[j] * v.dy : k[j] * v.dy + (q[j] * v.t + r0[j]);
      }
      store_pack(at.dx + (row + r * cell.step) * at.dx_pitch + cell.c, out);
    }
  });
}

bool parse_batch(const Attrs& attrs) {
  const std::string& statistics = attrs.string("statistics");
  if (statistics != "batch" && statistics != "fixed") {
    throw std::invalid_argument("unknown statistics '" + statistics + "' (batch, fixed)");
  }
  return statistics == "batch";
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  // Stands for what is not saved: its values do not count.
  const size_t saved_at = spec.inputs[1].present() ? 1 : 0;
  const TensorDesc &dz = spec.inputs[0], &saved = spec.inputs[saved_at], &dx = spec.outputs[0];
  const RowMap map = row_map(context, {&dz, &saved, &dx}, kMapBlocks);
  const int64_t dz_pitch = dz.row_pitch(), saved_pitch = saved.row_pitch(), dx_pitch = dx.row_pitch();
  const AbnScale scale = parse_scale(spec.attrs);
  const bool from_output = parse_from_output(spec.attrs), batch = parse_batch(spec.attrs);
  const Activation activation = parse_activation(spec.attrs);
  const bool counted = spec.inputs.size() > 8 && spec.inputs[8].present();
  const double known = batch ? spec.attrs.number("count") : 0.0;
  return make_data_kernel(dz.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    if (map.empty()) return;
    const Operands<T> at = {args.in<T>(0), args.in<T>(saved_at), args.out<T>(0),
                            dz_pitch,      saved_pitch,          dx_pitch};
    BatchSums sums = {nullptr, nullptr, nullptr, known};
    if (batch) sums.dy = args.in<float>(6), sums.dy_xhat = args.in<float>(7);
    if (counted) sums.counted = args.in<float>(8);
    const SavedLayer layer = saved_layer<T>(args, scale);
    with_saved(from_output, activation, [&](auto source) {
      with_pack<T>(map.pack, [&](auto width) {
        launch(context.stream, apply<T, decltype(width)::value, decltype(source)>, map.grid(), kThreads, map,
               at, layer, sums, source);
      });
    });
  });
}

const OpRegistration registration("abn_backward_apply", {make});

}  // namespace
}  // namespace iabn::cuda
