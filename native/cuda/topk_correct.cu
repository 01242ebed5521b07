// For each k, counts rows whose label is among the k largest logits. The rank of a label is the number of
// classes before it: NaN first, then in descending order, ties by index. Labels outside the classes are
// ignored.
#include <climits>
#include <vector>

#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "cuda/support/softmax.h"

namespace iabn::cuda {
namespace {

// True if class k comes before the label.
__device__ __forceinline__ bool before(float other, float value, int64_t k, int64_t label) {
  if (value != value) return k < label && other != other;
  return k < label ? !(other < value) : !(other <= value);
}

template <class T>
void rank_rows(const Context& context, int64_t rows, const T* logits, Labels labels, int32_t* ranks) {
  for_each_row(context, rows, [=] __device__(int64_t row) {
    const int64_t label = labels.at(row), classes = labels.classes;
    if (label < 0 || label >= classes) {
      if (lane_id() == 0) ranks[row] = INT_MAX;
      return;
    }
    const T* x = logits + row * classes;
    const float value = to_float(x[label]);
    int rank = 0;
    for (int64_t k = lane_id(); k < classes; k += kWarp) {
      if (k != label && before(to_float(x[k]), value, k, label)) ++rank;
    }
    rank = warp_reduce(rank, Add{});
    if (lane_id() == 0) ranks[row] = rank;
  });
}

__global__ void __launch_bounds__(kThreads)
    count_ranks(int64_t rows, int64_t k, const int32_t* ranks, int32_t* correct) {
  __shared__ int shared[kThreads / kWarp];
  int count = 0;
  for (int64_t row = threadIdx.x; row < rows; row += kThreads) count += ranks[row] < k ? 1 : 0;
  count = block_reduce(count, shared, Add{});
  if (threadIdx.x == 0) *correct = count;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  const DType label_type = spec.inputs[1].dtype;
  const std::vector<int64_t> ks = spec.attrs.integers("k");
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        int32_t* ranks = static_cast<int32_t*>(args.workspace);
        rank_rows(context, rows, args.in<T>(0), labels_of(args, label_type, classes, -1), ranks);
        for (size_t i = 0; i < ks.size(); ++i) {
          launch(context.stream, count_ranks, dim3(1), kThreads, rows, ks[i], ranks,
                 args.out<int32_t>(0) + i);
        }
      },
      static_cast<size_t>(rows) * sizeof(int32_t));
}

const OpRegistration registration("topk_correct", {make});

}  // namespace
}  // namespace iabn::cuda
