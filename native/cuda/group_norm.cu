// y = γ·(x − μ)·rstd + β with the mean μ and rstd = 1/√(σ² + ε) of each group of channels of each image.
//   x, y [N,C,S…] channels-last, y may overwrite x; γ, β f32 [C] or absent; μ, rstd f32 [N,G].
//
// Each block processes one group of one image. Sums are taken about its first element, in float32 over a few
// elements per thread, then in float64.
#include "cuda/support/kernels.h"
#include "cuda/support/reduce.h"

namespace iabn::cuda {
namespace {

constexpr int kRun = 64;

struct Group {
  int64_t area, channels, width, groups;
  double eps;
};

template <class T>
__global__ void __launch_bounds__(kThreads) normalize(Group shape, const T* x, const float* weight,
                                                      const float* bias, T* y, float* mean, float* rstd) {
  __shared__ double shared[kThreads / kWarp];
  const int64_t block = blockIdx.x, image = block / shape.groups, group = block % shape.groups;
  const int64_t first = image * shape.area * shape.channels + group * shape.width;
  const int64_t count = shape.area * shape.width;
  const float shift = to_float(x[first]);
  double s1 = 0.0, s2 = 0.0;
  for (int64_t begin = threadIdx.x; begin < count; begin += kRun * kThreads) {
    float run1 = 0.0f, run2 = 0.0f;
    for (int64_t i = begin; i < count && i < begin + kRun * kThreads; i += kThreads) {
      const float d = to_float(x[first + i / shape.width * shape.channels + i % shape.width]) - shift;
      run1 += d;
      run2 += d * d;
    }
    s1 += static_cast<double>(run1);
    s2 += static_cast<double>(run2);
  }
  s1 = block_reduce(s1, shared, Add{});
  s2 = block_reduce(s2, shared, Add{});
  const double offset = s1 / static_cast<double>(count);
  double variance = s2 / static_cast<double>(count) - offset * offset;
  if (variance < 0.0) variance = 0.0;
  const float center = static_cast<float>(static_cast<double>(shift) + offset);
  const float scale = static_cast<float>(1.0 / sqrt(variance + shape.eps));
  if (threadIdx.x == 0) mean[block] = center, rstd[block] = scale;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) {
    const int64_t c = i % shape.width, at = first + i / shape.width * shape.channels + c;
    const int64_t channel = group * shape.width + c;
    const float gain = weight != nullptr ? scale * weight[channel] : scale;
    store(y + at, (to_float(x[at]) - center) * gain + (bias != nullptr ? bias[channel] : 0.0f));
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& x = spec.inputs[0];
  const int64_t images = x.dims[0], groups = spec.attrs.integer("groups");
  const bool has_weight = spec.inputs[1].present(), has_bias = spec.inputs[2].present();
  const Group shape = {images == 0 ? 0 : x.rows() / images, x.channels(), x.channels() / groups, groups,
                       spec.attrs.number("eps")};
  const unsigned blocks = x.elements() == 0 ? 0u : static_cast<unsigned>(images * groups);
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    launch(context.stream, normalize<T>, dim3(blocks), kThreads, shape, args.in<T>(0),
           has_weight ? args.in<float>(1) : nullptr, has_bias ? args.in<float>(2) : nullptr, args.out<T>(0),
           args.out<float>(1), args.out<float>(2));
  });
}

const OpRegistration registration("group_norm", {make});

}  // namespace
}  // namespace iabn::cuda
