// An addon without oneDNN: its kernels refuse, and our own serve every op.

#include "cpu/onednn/onednn.h"
#include "cpu/simd/processor.h"
#include "platform/platform.h"

namespace iabn::onednn {
namespace {

[[noreturn]] void refuse() { throw Refused("this addon is built without oneDNN"); }

// As far as oneDNN's own variable allows.
Isa limit() {
  const auto name = platform::variable("ONEDNN_MAX_CPU_ISA");
  if (!name) return Isa::avx512_bf16;
  const auto is = [&name](const char* other) { return *name == other; };
  if (is("SSE41") || is("AVX")) return Isa::none;
  if (is("AVX2") || is("AVX2_VNNI")) return Isa::avx2;
  return is("AVX512_CORE") || is("AVX512_CORE_VNNI") ? Isa::avx512 : Isa::avx512_bf16;
}

}  // namespace

bool linked() { return false; }
std::string version() { return ""; }

std::string described() {
  for (const auto& [isa, name] :
       {std::pair{Isa::avx512_bf16, "avx512_bf16"}, {Isa::avx512, "avx512"}, {Isa::avx2, "avx2"}}) {
    if (allows(isa)) return std::string(name) + ", own kernels";
  }
  return "own kernels";
}

bool allows(Isa isa) { return isa <= limit() && processor_has(isa); }
bool has_bfloat16() {
  static const bool allowed = allows(Isa::avx512_bf16);
  return allowed;
}
void refuse_emulated(DType) {}

std::unique_ptr<Kernel> make_conv2d(const KernelSpec&) { refuse(); }
std::unique_ptr<Kernel> make_conv2d_fused(const KernelSpec&) { refuse(); }
std::unique_ptr<Kernel> make_conv2d_backward_data(const KernelSpec&) { refuse(); }
std::unique_ptr<Kernel> make_conv2d_backward_weights(const KernelSpec&) { refuse(); }
std::unique_ptr<Kernel> make_matmul(const KernelSpec&) { refuse(); }

std::unique_ptr<Kernel> matmul_forward(const LinearShape&, DType, DType, bool, bool) { refuse(); }
std::unique_ptr<Kernel> matmul_backward_data(const LinearShape&, DType, DType) { refuse(); }
std::unique_ptr<Kernel> matmul_backward_weights(const LinearShape&, DType, DType) { refuse(); }

}  // namespace iabn::onednn
