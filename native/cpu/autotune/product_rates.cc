#include "cpu/autotune/product_rates.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "cpu/autotune/kernel_choices.h"
#include "cpu/autotune/timing.h"
#include "cpu/onednn/onednn.h"

namespace iabn {
namespace {

// In percent of float32's rate. The other costs of widening cover any measurement error.
constexpr int kLead = 140;
// Large enough to reach the best rate, about a millisecond of work.
constexpr LinearShape kProduct{512, 512, 512};

double seconds_of(DType dtype) {
  const auto matrix = [](int64_t rows, int64_t columns, DType type) {
    return TensorDesc{type, {rows, columns}};
  };
  KernelSpec spec;
  spec.op = "linear";
  spec.inputs = {matrix(kProduct.rows, kProduct.inputs, dtype),
                 matrix(kProduct.outputs, kProduct.inputs, DType::f32)};
  spec.outputs = {matrix(kProduct.rows, kProduct.outputs, dtype)};
  return shortest_run(spec, onednn::matmul_forward(kProduct, dtype, dtype, false, true));
}

int measured_rate() {
  const std::string key = "bfloat16 products in percent of float32's rate, " + autotune_machine();
  for (const std::string& known : kernel_choices().find(key)) return std::atoi(known.c_str());
  double wide = seconds_of(DType::f32), narrow = seconds_of(DType::bf16);
  // Repeat alternately, because a disturbance may outlast one measurement.
  wide = std::min(wide, seconds_of(DType::f32)), narrow = std::min(narrow, seconds_of(DType::bf16));
  const int rate = static_cast<int>(100 * wide / narrow);
  kernel_choices().add(key, std::to_string(rate));
  return rate;
}

}  // namespace

bool bfloat16_leads() {
  if (!onednn::linked() || !onednn::has_bfloat16()) return false;
  static const bool leads = measured_rate() >= kLead;
  return leads;
}

}  // namespace iabn
