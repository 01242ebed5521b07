// Plain per-channel sums over rows (columns.h).
#pragma once

#include "cuda/support/columns.h"
#include "cuda/support/kernels.h"

namespace iabn::cuda {

template <class T>
struct RowSums {
  using Partial = double;
  const T* x;
  int64_t pitch;

  __device__ static double nothing() { return 0.0; }
  __device__ static double merge(double a, double b) { return a + b; }

  template <int N>
  struct State {
    float sum[N];
    int64_t c;

    __device__ void begin(const RowSums&, int64_t channel) {
      c = channel;
#pragma unroll
      for (int j = 0; j < N; ++j) sum[j] = 0.0f;
    }
    template <int R>
    __device__ void add(const RowSums& reader, int64_t row, int64_t step) {
      Pack<T, N> pack[R];
#pragma unroll
      for (int r = 0; r < R; ++r) pack[r] = load_pack<N>(reader.x + (row + r * step) * reader.pitch + c);
#pragma unroll
      for (int r = 0; r < R; ++r) {
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += to_float(pack[r].at[j]);
      }
    }
    __device__ double partial(int j) const { return static_cast<double>(sum[j]); }
  };
};

// out[segment, c] = Σ / divisor
template <class Out>
struct WriteSum {
  Out* out;
  int64_t channels;
  double divisor;

  __device__ void operator()(int64_t segment, int64_t c, double sum) const {
    store(out + segment * channels + c, static_cast<float>(sum / divisor));
  }
};

// A kernel for out = Σ x / divisor over the rows of each segment; out is float32, or has x's dtype.
inline std::unique_ptr<Kernel> make_row_sums(Context& context, const TensorDesc& x, DType out_dtype,
                                             int64_t segments, double divisor) {
  const RowMap map = row_map(context, {&x}, kReduceBlocks, segments);
  const int64_t pitch = x.row_pitch(), channels = x.channels();
  return make_data_kernel(
      x.dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const RowSums<T> reader = {args.in<T>(0), pitch};
        if (out_dtype == DType::f32) {
          reduce_columns<T>(context, map, reader, args.workspace,
                            WriteSum<float>{args.out<float>(0), channels, divisor});
        } else {
          reduce_columns<T>(context, map, reader, args.workspace,
                            WriteSum<T>{args.out<T>(0), channels, divisor});
        }
      },
      column_workspace<RowSums<float>>(map));
}

}  // namespace iabn::cuda
