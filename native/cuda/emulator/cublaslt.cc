// cuBLASLt's matrix product as plain loops, for the emulated device.
#include <cstring>

#include "cuda/emulator/numbers.h"
#include "cuda/libraries/cublaslt_api.h"

using namespace iabn::cuda::cublaslt;
using iabn::cuda::emulated::load;
using iabn::cuda::emulated::store;

namespace iabn::cuda::cublaslt {

struct cublasLtContext {};
struct cublasLtMatmulDescOpaque {
  int compute, scale, trans_a = kNone, trans_b = kNone;
};
struct cublasLtMatrixLayoutOpaque {
  int type;
  uint64_t rows, columns;
  int64_t leading;
};
struct cublasLtMatmulPreferenceOpaque {
  uint64_t workspace = 0;
};

}  // namespace iabn::cuda::cublaslt

namespace {

constexpr Status kInvalid = 7;
constexpr size_t kWorkspace = 1 << 10;

uint64_t rows(const cublasLtMatrixLayoutOpaque& m, int op) { return op == kTranspose ? m.columns : m.rows; }
uint64_t columns(const cublasLtMatrixLayoutOpaque& m, int op) {
  return op == kTranspose ? m.rows : m.columns;
}

bool fits(const cublasLtMatmulDescOpaque& desc, const cublasLtMatrixLayoutOpaque& a,
          const cublasLtMatrixLayoutOpaque& b, const cublasLtMatrixLayoutOpaque& d) {
  return desc.scale == kFloat && a.type == b.type && rows(a, desc.trans_a) == d.rows &&
         columns(b, desc.trans_b) == d.columns && columns(a, desc.trans_a) == rows(b, desc.trans_b) &&
         a.leading >= static_cast<int64_t>(a.rows) && b.leading >= static_cast<int64_t>(b.rows);
}

float element(const cublasLtMatrixLayoutOpaque& m, int op, const void* data, uint64_t row, uint64_t column) {
  if (op == kTranspose) std::swap(row, column);
  return load(m.type, data, column * static_cast<uint64_t>(m.leading) + row);
}

}  // namespace

extern "C" {

Status cublasLtCreate(Handle* handle) {
  *handle = new cublasLtContext;
  return kSuccess;
}
Status cublasLtDestroy(Handle handle) {
  delete handle;
  return kSuccess;
}
size_t cublasLtGetVersion() { return 130000; }

Status cublasLtMatmulDescCreate(MatmulDesc* desc, int compute, int scale) {
  *desc = new cublasLtMatmulDescOpaque{compute, scale};
  return kSuccess;
}
Status cublasLtMatmulDescSetAttribute(MatmulDesc desc, int attribute, const void* value, size_t bytes) {
  if (bytes != sizeof(int)) return kInvalid;
  int* field = attribute == kTransA ? &desc->trans_a : attribute == kTransB ? &desc->trans_b : nullptr;
  if (!field) return kInvalid;
  std::memcpy(field, value, bytes);
  return kSuccess;
}
Status cublasLtMatmulDescDestroy(MatmulDesc desc) {
  delete desc;
  return kSuccess;
}
Status cublasLtMatrixLayoutCreate(Layout* layout, int type, uint64_t rows, uint64_t columns,
                                  int64_t leading) {
  *layout = new cublasLtMatrixLayoutOpaque{type, rows, columns, leading};
  return kSuccess;
}
Status cublasLtMatrixLayoutDestroy(Layout layout) {
  delete layout;
  return kSuccess;
}
Status cublasLtMatmulPreferenceCreate(Preference* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque;
  return kSuccess;
}
Status cublasLtMatmulPreferenceSetAttribute(Preference preference, int attribute, const void* value,
                                            size_t bytes) {
  if (attribute >= kMinAlignmentA && attribute <= kMinAlignmentD) {
    return bytes == sizeof(uint32_t) ? kSuccess : kInvalid;
  }
  if (attribute != kMaxWorkspaceBytes || bytes != sizeof(uint64_t)) return kInvalid;
  std::memcpy(&preference->workspace, value, bytes);
  return kSuccess;
}
Status cublasLtMatmulPreferenceDestroy(Preference preference) {
  delete preference;
  return kSuccess;
}

Status cublasLtMatmulAlgoGetHeuristic(Handle, MatmulDesc desc, Layout a, Layout b, Layout, Layout d,
                                      Preference preference, int requested, HeuristicResult* results,
                                      int* returned) {
  *returned = 0;
  if (!fits(*desc, *a, *b, *d)) return kInvalid;
  if (requested < 1) return kSuccess;
  results[0] = {};
  results[0].workspace = preference->workspace >= kWorkspace ? kWorkspace : 0;
  *returned = 1;
  return kSuccess;
}

Status cublasLtMatmul(Handle, MatmulDesc desc, const void*, const void* a, Layout a_layout, const void* b,
                      Layout b_layout, const void* beta, const void*, Layout, void* d, Layout d_layout,
                      const Algorithm*, void* workspace, size_t bytes, cudaStream_t stream) {
  if (!fits(*desc, *a_layout, *b_layout, *d_layout)) return kInvalid;
  const auto md = *desc;
  const float keep = *static_cast<const float*>(beta);
  const auto ad = *a_layout, bd = *b_layout, dd = *d_layout;
  emulator::enqueue(stream, [=] {
    if (bytes > 0) std::memset(workspace, 0xab, bytes);
    for (uint64_t column = 0; column < dd.columns; ++column) {
      for (uint64_t row = 0; row < dd.rows; ++row) {
        double sum = 0.0;
        for (uint64_t k = 0; k < columns(ad, md.trans_a); ++k) {
          sum +=
              static_cast<double>(element(ad, md.trans_a, a, row, k)) * element(bd, md.trans_b, b, k, column);
        }
        const uint64_t at = column * static_cast<uint64_t>(dd.leading) + row;
        if (keep != 0.0f) sum += static_cast<double>(keep) * load(dd.type, d, at);
        store(dd.type, d, at, static_cast<float>(sum));
      }
    }
  });
  return kSuccess;
}

}  // extern "C"
