// oneDNN as the other folders see it. Only this folder includes its headers. An addon that is built without
// oneDNN (IABN_ONEDNN=OFF) has the sources of cpu/no_onednn instead, whose factories refuse.
#pragma once

#include <string>

#include "geometry/linear_shape.h"
#include "program/kernel.h"

namespace iabn::onednn {

// False in an addon that is built without oneDNN.
bool linked();

// Version of the library in use, such as "2.6.3"; empty without oneDNN.
std::string version();

// Instruction sets and library, which affect timings and the last bits of sums.
std::string described();

enum class Isa { none, avx2, avx512, avx512_bf16 };

// True if the CPU has the instructions and this process may use them (respects ONEDNN_MAX_CPU_ISA).
bool allows(Isa isa);

// True if there are bfloat16 instructions.
bool has_bfloat16();

// Throws Refused for bfloat16 products without such instructions: emulated, they run at a quarter to a tenth
// of float32's speed.
void refuse_emulated(DType images);

// Throws Refused for an untimed kernel: oneDNN divides long sums of matrix products, and those of weight
// gradients, among as many threads as there are, so their last bits depend on that number.
inline void refuse_untimed(const KernelSpec& spec) {
  if (spec.untimed()) throw Refused("oneDNN's sums may depend on the number of threads");
}

// Kernels of the ops of the same names. All throw Refused for empty tensors, for shapes and dtypes that
// oneDNN does not support, and if it has only reference loops.
std::unique_ptr<Kernel> make_conv2d(const KernelSpec& spec);
std::unique_ptr<Kernel> make_conv2d_fused(const KernelSpec& spec);
std::unique_ptr<Kernel> make_conv2d_backward_data(const KernelSpec& spec);
std::unique_ptr<Kernel> make_conv2d_backward_weights(const KernelSpec& spec);
std::unique_ptr<Kernel> make_matmul(const KernelSpec& spec);

// constant_weights: weights do not change between runs and are laid out once. Kernels with the operands of
// the ops linear (x, w, b? → y), linear_backward_data (dy, w → dx) and linear_backward_weights (x, dy → dw).
std::unique_ptr<Kernel> matmul_forward(const LinearShape& shape, DType x, DType y, bool bias,
                                       bool constant_weights);
std::unique_ptr<Kernel> matmul_backward_data(const LinearShape& shape, DType dy, DType dx);
std::unique_ptr<Kernel> matmul_backward_weights(const LinearShape& shape, DType x, DType dy);

}  // namespace iabn::onednn
