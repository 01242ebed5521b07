// Σ dy and Σ dy·x̂ per channel, reading dz and saved once. The rows sum dy·t, x̂ = t·unit (support/abn.h).
#include "cuda/support/abn.h"
#include "cuda/support/columns.h"

namespace iabn::cuda {
namespace {

template <class T, class Source>
struct Sums {
  struct Partial {
    double dy, dy_t;
  };
  const T* dz;
  int64_t dz_pitch;
  const T* saved;
  int64_t saved_pitch;
  SavedLayer layer;
  Source source;

  __device__ static Partial nothing() { return {0.0, 0.0}; }
  __device__ static Partial merge(const Partial& a, const Partial& b) {
    return {a.dy + b.dy, a.dy_t + b.dy_t};
  }

  template <int N>
  struct State {
    typename Source::template Coefficients<N> coefficients;
    float dy[N], dy_t[N];
    int64_t c;

    __device__ void begin(const Sums& reader, int64_t channel) {
      c = channel;
      reader.source.load(reader.layer, c, coefficients);
#pragma unroll
      for (int j = 0; j < N; ++j) dy[j] = dy_t[j] = 0.0f;
    }
    template <int R>
    __device__ void add(const Sums& reader, int64_t row, int64_t step) {
      Pack<T, N> grad[R], kept[R];
      const T *dz = reader.dz + row * reader.dz_pitch + c,
              *saved = reader.saved + row * reader.saved_pitch + c;
#pragma unroll
      for (int r = 0; r < R; ++r) {
        grad[r] = load_pack<N>(dz);
        kept[r] = load_pack<N>(saved);
        dz += step * reader.dz_pitch;
        saved += step * reader.saved_pitch;
      }
#pragma unroll
      for (int r = 0; r < R; ++r) {
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const Recovered v =
              reader.source.recover(coefficients, j, to_float(kept[r].at[j]), to_float(grad[r].at[j]));
          dy[j] += v.dy;
          dy_t[j] += v.dy * v.t;
        }
      }
    }
    __device__ Partial partial(int j) const {
      return {static_cast<double>(dy[j]), static_cast<double>(dy_t[j])};
    }
  };
};

template <class T, class Source>
struct WriteSums {
  float* dy;
  float* dy_xhat;
  SavedLayer layer;
  Source source;

  __device__ void operator()(int64_t, int64_t c, const typename Sums<T, Source>::Partial& sum) const {
    dy[c] = static_cast<float>(sum.dy);
    dy_xhat[c] = static_cast<float>(sum.dy_t * static_cast<double>(source.unit(layer, c)));
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const RowMap map = row_map(context, {&spec.inputs[0], &spec.inputs[1]}, kReduceBlocks);
  const int64_t dz_pitch = spec.inputs[0].row_pitch(), saved_pitch = spec.inputs[1].row_pitch();
  const AbnScale scale = parse_scale(spec.attrs);
  const bool from_output = parse_from_output(spec.attrs);
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const SavedLayer layer = saved_layer<T>(args, scale);
        with_saved(from_output, activation, [&](auto source) {
          using Source = decltype(source);
          const Sums<T, Source> reader = {args.in<T>(0), dz_pitch, args.in<T>(1), saved_pitch, layer, source};
          reduce_columns<T>(context, map, reader, args.workspace,
                            WriteSums<T, Source>{args.out<float>(0), args.out<float>(1), layer, source});
        });
      },
      column_workspace<Sums<float, FromInput<Identity>>>(map));
}

const OpRegistration registration("abn_backward_reduce", {make});

}  // namespace
}  // namespace iabn::cuda
