// Σ f(x0, x1, …)/divisor over axes, in an order that depends on the shape alone: a block sums a chunk of the
// terms of some results, and the chunks' sums are added in order.
#include <algorithm>

#include "cuda/support/expression.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

constexpr int64_t kChunkTerms = 4096;
constexpr int64_t kMostChunks = 64;

struct SumShape {
  int64_t results, terms;
  int64_t across;  // results of a block: contiguous in memory, or a single one
  int64_t chunks, chunk_terms;
};

__global__ void __launch_bounds__(kThreads)
    sum_chunks(ExpressionView view, SumShape shape, double* partials) {
  __shared__ float registers[kNumbers * kThreads];
  __shared__ double sums[kThreads];
  const int64_t down = kThreads / shape.across;
  const int64_t result = static_cast<int64_t>(blockIdx.x) * shape.across + threadIdx.x % shape.across;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * shape.chunk_terms;
  const int64_t last = begin + shape.chunk_terms < shape.terms ? begin + shape.chunk_terms : shape.terms;
  double sum = 0.0;
  if (result < shape.results) {
    int64_t first[kMostOperands] = {};
    add_offsets(view, result, false, first);
    for (int64_t term = begin + threadIdx.x / shape.across; term < last; term += down) {
      int64_t offsets[kMostOperands];
      for (int k = 0; k < kMostOperands; ++k) offsets[k] = first[k];
      add_offsets(view, term, true, offsets);
      sum += static_cast<double>(compute_element(view, offsets, registers));
    }
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  // Tree reduction until one row of results is left.
  for (int64_t half = kThreads / 2; half >= shape.across; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x < shape.across && result < shape.results) {
    partials[result * shape.chunks + blockIdx.y] = sums[threadIdx.x];
  }
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ExpressionView view = expression_view(spec, &spec.outputs[0].dims);
  SumShape shape = {view.elements(false), view.elements(true), 1, 1, 1};
  const double divisor = spec.attrs.number("divisor");
  if (shape.results != spec.outputs[0].elements()) {
    throw std::invalid_argument("sums of another size than their result");
  }
  if (!view.summed[view.axes - 1]) shape.across = 32;
  const int64_t blocks = std::max<int64_t>(1, (shape.results + shape.across - 1) / shape.across);
  const int64_t useful = std::max<int64_t>(1, shape.terms * shape.across / kChunkTerms);
  const int64_t chunks = std::max<int64_t>(1, std::min({useful, kMostChunks, 2048 / blocks}));
  shape.chunk_terms = std::max<int64_t>(1, (shape.terms + chunks - 1) / chunks);
  shape.chunks = std::max<int64_t>(1, (shape.terms + shape.chunk_terms - 1) / shape.chunk_terms);
  return make_kernel_of(
      [=, &context](const KernelArgs& args) {
        if (shape.results == 0) return;
        double* partials = static_cast<double*>(args.workspace);
        launch(context.stream, sum_chunks,
               dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(shape.chunks)), kThreads,
               view.at(args), shape, partials);
        float* out = args.out<float>(0);
        for_items(context, shape.results, [=] __device__(int64_t i) {
          double sum = 0.0;
          for (int64_t chunk = 0; chunk < shape.chunks; ++chunk) sum += partials[i * shape.chunks + chunk];
          out[i] = static_cast<float>(sum / divisor);
        });
      },
      static_cast<size_t>(shape.results * shape.chunks) * sizeof(double));
}

const OpRegistration registration("sum", {make});

}  // namespace
}  // namespace iabn::cuda
