// dlogits = (softmax(x) − [k = label])·dloss/counted rows (over all processes, if that count is given), 0 in
// ignored rows; may overwrite the logits. With class weights w and label smoothing ε:
//   dx_k = (((1 − ε)·w_label + ε/K·Σ w)·softmax(x)_k − (1 − ε)·w_label·[k = label] − ε/K·w_k)·dloss/Σ w_label
#include "cuda/support/kernels.h"
#include "cuda/support/row_totals.h"

namespace iabn::cuda {
namespace {

// The scale dloss/count is stored after the blocks' totals in the workspace.
void count_rows(const Context& context, int64_t rows, Labels labels, Smoothing smoothing, const float* dloss,
                const float* given, float* scale, void* workspace) {
  const auto row_count = [=] __device__(int64_t row) -> RowTotal {
    return {0.0, labels.counted(row) ? smoothing.weight(labels.at(row)) : 0.0};
  };
  const auto finish = [=] __device__(RowTotal total) {
    const double count = given == nullptr ? total.count : static_cast<double>(*given);
    *scale = static_cast<float>(*dloss / count);
  };
  total_rows(context, rows, workspace, row_count, finish);
}

template <class T>
void run(const Context& context, int64_t rows, const T* logits, Labels labels, bool smoothed,
         Smoothing smoothing, const float* scale_of, T* dlogits) {
  for_each_row(context, rows, [=] __device__(int64_t row) {
    const T* x = logits + row * labels.classes;
    T* dx = dlogits + row * labels.classes;
    if (!labels.counted(row)) {
      for (int64_t k = lane_id(); k < labels.classes; k += kWarp) store(dx + k, 0.0f);
      return;
    }
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const float scale = *scale_of, share = 1.0f / softmax.sum;
    const int32_t label = labels.at(row);
    float own = 1.0f, factor = 1.0f;
    if (smoothed) {
      float weights = 0.0f;
      for (int64_t k = lane_id(); k < labels.classes; k += kWarp) weights += smoothing.weight(k);
      own = smoothing.own * smoothing.weight(label);
      factor = own + smoothing.other * warp_reduce(weights, Add{});
    }
    for (int64_t k = lane_id(); k < labels.classes; k += kWarp) {
      const float probability = expf(to_float(x[k]) - softmax.max) * share;
      const float all = smoothed ? smoothing.other * smoothing.weight(k) : 0.0f;
      store(dx + k, (factor * probability - (all + (k == label ? own : 0.0f))) * scale);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const DType label_type = spec.inputs[1].dtype;
  const bool counted = spec.inputs.size() > 3 && spec.inputs[3].present();
  const SmoothingSpec smoothed(spec, 4);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const Labels labels = labels_of(args, label_type, classes, ignore);
        float* scale = reinterpret_cast<float*>(static_cast<char*>(args.workspace) + total_workspace());
        const Smoothing smoothing = smoothed.of(args, classes);
        count_rows(context, rows, labels, smoothing, args.in<float>(2), counted ? args.in<float>(3) : nullptr,
                   scale, args.workspace);
        run(context, rows, args.in<T>(0), labels, smoothed.any(), smoothing, scale, args.out<T>(0));
      },
      total_workspace() + sizeof(float));
}

const OpRegistration registration("cross_entropy_backward", {make});

}  // namespace
}  // namespace iabn::cuda
