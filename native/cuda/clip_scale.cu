// Clipping by global norm:  norm = √Σ g²  over all gradients,  scale = min(1, max_norm/(norm + 1e-6)).
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/reduce.h"

namespace iabn::cuda {
namespace {

constexpr int64_t kChunk = 65536;  // elements whose squares make one partial sum

__global__ void __launch_bounds__(kThreads) sum_squares(int64_t count, const float* x, double* partials) {
  __shared__ double shared[kThreads / kWarp];
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * kChunk;
  const int64_t end = begin + kChunk < count ? begin + kChunk : count;
  float sum = 0.0f;
  for (int64_t i = begin + threadIdx.x; i < end; i += kThreads) sum += x[i] * x[i];
  const double total = block_reduce(static_cast<double>(sum), shared, Add{});
  if (threadIdx.x == 0) partials[blockIdx.x] = total;
}

__global__ void __launch_bounds__(kThreads)
    finish_norm(int64_t count, const double* partials, double max_norm, float* norm_out, float* scale_out) {
  __shared__ double shared[kThreads / kWarp];
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += partials[i];
  const double norm = sqrt(block_reduce(sum, shared, Add{}));
  if (threadIdx.x != 0) return;
  const double ratio = max_norm / (norm + 1e-6);
  *norm_out = static_cast<float>(norm);
  *scale_out = static_cast<float>(ratio >= 1.0 ? 1.0 : ratio);  // NaN stays
}

int64_t chunks_of(int64_t count) { return (count + kChunk - 1) / kChunk; }

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  std::vector<int64_t> counts;
  int64_t chunks = 0;
  for (const TensorDesc& grad : spec.inputs) {
    counts.push_back(grad.elements());
    chunks += chunks_of(counts.back());
  }
  const double max_norm = spec.attrs.number("max_norm");
  return make_kernel_of(
      [counts, chunks, max_norm, &context](const KernelArgs& args) {
        double* partials = static_cast<double*>(args.workspace);
        for (size_t i = 0; i < counts.size(); ++i) {
          launch(context.stream, sum_squares, dim3(static_cast<unsigned>(chunks_of(counts[i]))), kThreads,
                 counts[i], args.in<float>(i), partials);
          partials += chunks_of(counts[i]);
        }
        launch(context.stream, finish_norm, dim3(1), kThreads, chunks,
               static_cast<const double*>(args.workspace), max_norm, args.out<float>(0), args.out<float>(1));
      },
      static_cast<size_t>(chunks) * sizeof(double));
}

const OpRegistration registration("clip_scale", {make});

}  // namespace
}  // namespace iabn::cuda
