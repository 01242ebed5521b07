// Mean and biased variance per channel, reading x once.
//
// For accuracy where mean ≫ deviation, a thread sums in float32 about its first row, s1 = Σ (x − shift), s2 =
// Σ (x − shift)². Partial results of threads and blocks are merged in float64 (Chan et al.): with δ = mean_b
// − mean_a, n = n_a + n_b,
//   mean = mean_a + δ·n_b/n,  M2 = M2_a + M2_b + δ²·n_a·n_b/n.
#include "cuda/support/columns.h"
#include "cuda/support/kernels.h"

namespace iabn::cuda {
namespace {

template <class T>
struct Statistics {
  struct Partial {
    double n, mean, m2;
  };
  const T* x;
  int64_t pitch;

  __device__ static Partial nothing() { return {0.0, 0.0, 0.0}; }
  __device__ static Partial merge(const Partial& a, const Partial& b) {
    const double n = a.n + b.n;
    if (n == 0.0) return nothing();
    const double delta = b.mean - a.mean, share = b.n / n;
    return {n, a.mean + delta * share, a.m2 + b.m2 + delta * delta * a.n * share};
  }

  template <int N>
  struct State {
    float shift[N], s1[N], s2[N];
    int64_t c;
    int rows;

    __device__ void begin(const Statistics&, int64_t channel) {
      c = channel;
      rows = 0;
#pragma unroll
      for (int j = 0; j < N; ++j) shift[j] = s1[j] = s2[j] = 0.0f;
    }
    template <int R>
    __device__ void add(const Statistics& reader, int64_t row, int64_t step) {
      Pack<T, N> pack[R];
      const T* from = reader.x + row * reader.pitch + c;
#pragma unroll
      for (int r = 0; r < R; ++r) pack[r] = load_pack<N>(from + r * step * reader.pitch);
      if (rows == 0) {
#pragma unroll
        for (int j = 0; j < N; ++j) shift[j] = to_float(pack[0].at[j]);
      }
#pragma unroll
      for (int r = 0; r < R; ++r) {
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const float d = to_float(pack[r].at[j]) - shift[j];
          s1[j] += d;
          s2[j] += d * d;
        }
      }
      rows += R;
    }
    __device__ Partial partial(int j) const {
      if (rows == 0) return nothing();
      const double n = rows, offset = static_cast<double>(s1[j]) / n;
      const double squares = static_cast<double>(s2[j]) - static_cast<double>(s1[j]) * offset;
      return {n, static_cast<double>(shift[j]) + offset, squares < 0.0 ? 0.0 : squares};
    }
  };
};

template <class Partial>
struct WriteStatistics {
  float* mean;
  float* var;

  __device__ void operator()(int64_t, int64_t c, const Partial& sum) const {
    mean[c] = static_cast<float>(sum.mean);
    var[c] = sum.n == 0.0 ? 0.0f : static_cast<float>(sum.m2 / sum.n);
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const RowMap map = row_map(context, {&spec.inputs[0]}, kReduceBlocks);
  const int64_t pitch = spec.inputs[0].row_pitch();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [&context, map, pitch](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        using Partial = typename Statistics<T>::Partial;
        reduce_columns<T>(context, map, Statistics<T>{args.in<T>(0), pitch}, args.workspace,
                          WriteStatistics<Partial>{args.out<float>(0), args.out<float>(1)});
      },
      column_workspace<Statistics<float>>(map));
}

const OpRegistration registration("abn_stats", {make});

}  // namespace
}  // namespace iabn::cuda
