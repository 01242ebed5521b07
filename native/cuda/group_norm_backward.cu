// Gradients of group normalization, with x̂ = (x − μ)·rstd and means over each group of each image:
//   dx = rstd·(γ·dy − mean(γ·dy) − x̂·mean(γ·dy·x̂))    dγ = Σ dy·x̂    dβ = Σ dy
//   dy, x, dx [N,C,S…] channels-last, dx may overwrite dy or x; μ, rstd f32 [N,G]; γ f32 [C] or absent;
//   dγ, dβ f32 [C].
#include "cuda/support/columns.h"
#include "cuda/support/kernels.h"
#include "cuda/support/reduce.h"

namespace iabn::cuda {
namespace {

constexpr int kRun = 64;

struct Group {
  int64_t area, channels, width, groups;
};

// Σ dy and Σ dy·x̂ per channel.
template <class T>
struct Sums {
  struct Partial {
    double dy, product;
  };
  Group shape;
  const T* dy;
  const T* x;
  const float* mean;
  const float* rstd;

  __device__ static Partial nothing() { return {0.0, 0.0}; }
  __device__ static Partial merge(const Partial& a, const Partial& b) {
    return {a.dy + b.dy, a.product + b.product};
  }

  template <int N>
  struct State {
    float dy[N], product[N];
    int64_t c;

    __device__ void begin(const Sums&, int64_t channel) {
      c = channel;
#pragma unroll
      for (int j = 0; j < N; ++j) dy[j] = product[j] = 0.0f;
    }
    template <int R>
    __device__ void add(const Sums& reader, int64_t row, int64_t step) {
#pragma unroll
      for (int r = 0; r < R; ++r, row += step) {
        const int64_t at = row * reader.shape.channels + c;
        const int64_t statistics = row / reader.shape.area * reader.shape.groups;
        const Pack<T, N> grad = load_pack<N>(reader.dy + at), value = load_pack<N>(reader.x + at);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const int64_t group = statistics + (c + j) / reader.shape.width;
          const float d = to_float(grad.at[j]);
          dy[j] += d;
          product[j] += d * (to_float(value.at[j]) - reader.mean[group]) * reader.rstd[group];
        }
      }
    }
    __device__ Partial partial(int j) const {
      return {static_cast<double>(dy[j]), static_cast<double>(product[j])};
    }
  };
};

template <class T>
struct WriteSums {
  float* dweight;
  float* dbias;

  __device__ void operator()(int64_t, int64_t c, const typename Sums<T>::Partial& sum) const {
    dbias[c] = static_cast<float>(sum.dy);
    dweight[c] = static_cast<float>(sum.product);
  }
};

// Each block processes one group of one image.
template <class T>
__global__ void __launch_bounds__(kThreads)
    differentiate(Group shape, const T* dy, const T* x, const float* mean, const float* rstd,
                  const float* weight, T* dx) {
  __shared__ double shared[kThreads / kWarp];
  const int64_t block = blockIdx.x, group = block % shape.groups;
  const int64_t first = block / shape.groups * shape.area * shape.channels + group * shape.width;
  const int64_t count = shape.area * shape.width;
  const float center = mean[block], scale = rstd[block];
  double s1 = 0.0, s2 = 0.0;
  for (int64_t begin = threadIdx.x; begin < count; begin += kRun * kThreads) {
    float run1 = 0.0f, run2 = 0.0f;
    for (int64_t i = begin; i < count && i < begin + kRun * kThreads; i += kThreads) {
      const int64_t c = i % shape.width, at = first + i / shape.width * shape.channels + c;
      const float d =
          weight != nullptr ? to_float(dy[at]) * weight[group * shape.width + c] : to_float(dy[at]);
      run1 += d;
      run2 += d * (to_float(x[at]) - center) * scale;
    }
    s1 += static_cast<double>(run1);
    s2 += static_cast<double>(run2);
  }
  const float m1 = static_cast<float>(block_reduce(s1, shared, Add{}) / static_cast<double>(count));
  const float m2 = static_cast<float>(block_reduce(s2, shared, Add{}) / static_cast<double>(count));
  for (int64_t i = threadIdx.x; i < count; i += kThreads) {
    const int64_t c = i % shape.width, at = first + i / shape.width * shape.channels + c;
    const float d = weight != nullptr ? to_float(dy[at]) * weight[group * shape.width + c] : to_float(dy[at]);
    store(dx + at, scale * (d - m1 - (to_float(x[at]) - center) * scale * m2));
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& x = spec.inputs[1];
  const int64_t images = x.dims[0], groups = spec.attrs.integer("groups");
  const bool has_weight = spec.inputs[4].present();
  const Group shape = {images == 0 ? 0 : x.rows() / images, x.channels(), x.channels() / groups, groups};
  const unsigned blocks = x.elements() == 0 ? 0u : static_cast<unsigned>(images * groups);
  const RowMap map = row_map(context, {&x}, kReduceBlocks);
  return make_data_kernel(
      x.dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        // Must run before dx overwrites the operands.
        const Sums<T> reader = {shape, args.in<T>(0), args.in<T>(1), args.in<float>(2), args.in<float>(3)};
        reduce_columns<T>(context, map, reader, args.workspace,
                          WriteSums<T>{args.out<float>(1), args.out<float>(2)});
        launch(context.stream, differentiate<T>, dim3(blocks), kThreads, shape, args.in<T>(0), args.in<T>(1),
               args.in<float>(2), args.in<float>(3), has_weight ? args.in<float>(4) : nullptr,
               args.out<T>(0));
      },
      column_workspace<Sums<float>>(map));
}

const OpRegistration registration("group_norm_backward", {make});

}  // namespace
}  // namespace iabn::cuda
