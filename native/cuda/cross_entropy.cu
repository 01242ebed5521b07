// Mean over the counted rows of log Σ_k exp(x_k) − x_label; NaN without counted rows, as in PyTorch. With a
// row count over all processes: the sum divided by that count. With class weights w and label smoothing ε, as
// in PyTorch:
//   Σ [(1 − ε)·w_label·(lse − x_label) + ε/K·Σ_k w_k·(lse − x_k)] / Σ w_label,  lse = log Σ_k exp(x_k)
#include "cuda/support/kernels.h"
#include "cuda/support/row_totals.h"

namespace iabn::cuda {
namespace {

template <class T>
void run(const Context& context, int64_t rows, const T* logits, Labels labels, const float* given,
         bool smoothed, Smoothing smoothing, float* loss, void* workspace) {
  const auto row_loss = [=] __device__(int64_t row) -> RowTotal {
    if (!labels.counted(row)) return {0.0, 0.0};
    const T* x = logits + row * labels.classes;
    const SoftmaxRow softmax = softmax_row(x, labels.classes);
    const float margin = softmax.max - to_float(x[labels.at(row)]);
    const double log_sum = log(static_cast<double>(softmax.sum));
    if (!smoothed) return {log_sum + static_cast<double>(margin), 1.0};
    double others = 0.0;
    for (int64_t k = lane_id(); k < labels.classes; k += kWarp) {
      others += smoothing.weight(k) * (log_sum + static_cast<double>(softmax.max - to_float(x[k])));
    }
    others = warp_reduce(others, Add{});
    const float weight = smoothing.weight(labels.at(row));
    const double own = smoothing.own * weight * (log_sum + static_cast<double>(margin));
    return {own + smoothing.other * others, weight};
  };
  const auto finish = [=] __device__(RowTotal total) {
    const double count = given == nullptr ? total.count : static_cast<double>(*given);
    *loss = static_cast<float>(total.sum / count);
  };
  total_rows(context, rows, workspace, row_loss, finish);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t rows = spec.inputs[0].rows(), classes = spec.inputs[0].channels();
  const int64_t ignore = spec.attrs.integer("ignore_index");
  const DType label_type = spec.inputs[1].dtype;
  const bool counted = spec.inputs.size() > 2 && spec.inputs[2].present();
  const SmoothingSpec smoothed(spec, 3);
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=, &context](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        run(context, rows, args.in<T>(0), labels_of(args, label_type, classes, ignore),
            counted ? args.in<float>(2) : nullptr, smoothed.any(), smoothed.of(args, classes),
            args.out<float>(0), args.workspace);
      },
      total_workspace());
}

const OpRegistration registration("cross_entropy", {make});

}  // namespace
}  // namespace iabn::cuda
