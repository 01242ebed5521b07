// For each k, how many rows have their label among the k largest logits. The rank of a label is the number of
// classes before it in the order: NaN first, then from large to small, equal ones by index.
#include <vector>

#include "cpu/closure.h"

namespace iabn {
namespace {

template <class T>
int64_t rank_of(const T* x, int64_t classes, int64_t label) {
  const float value = load(x + label);
  int64_t rank = 0;
  for (int64_t k = 0; k < classes; ++k) {
    const float other = load(x + k);
    const bool nan = other != other;
    const bool larger = value == value && (nan || other > value);
    const bool equal = other == value || (nan && value != value);
    rank += larger || (equal && k < label);
  }
  return rank;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t rows = spec.inputs[0].rows();
  const int64_t classes = spec.inputs[0].channels();
  const std::vector<int64_t> ks = spec.attrs.integers("k");
  return make_data_kernel(spec.inputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* logits = args.in<T>(0);
    const int32_t* labels = args.in<int32_t>(1);
    int32_t* correct = args.out<int32_t>(0);
    for (size_t i = 0; i < ks.size(); ++i) correct[i] = 0;
    for (int64_t row = 0; row < rows; ++row) {
      if (labels[row] < 0 || labels[row] >= classes) continue;
      const int64_t rank = rank_of(logits + row * classes, classes, labels[row]);
      for (size_t i = 0; i < ks.size(); ++i) correct[i] += rank < ks[i];
    }
  });
}

const OpRegistration registration("topk_correct", {make});

}  // namespace
}  // namespace iabn
