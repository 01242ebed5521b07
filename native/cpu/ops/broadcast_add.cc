// out[n,c,…] = φ(a[n,c,…] + b[n,c]); out may overwrite a.
#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "cpu/loops/store.h"
#include "cpu/ops/activation.h"

namespace iabn {
namespace {

// Pixels of one image.
template <class T>
IABN_INLINE void add(const T* a, const T* b, T* out, int64_t channels, int64_t pixels,
                     Activation activation) {
  with_activation(activation, [=](auto phi) IABN_INLINE_LAMBDA {
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      const T* from = a + pixel * channels;
      T* to = out + pixel * channels;
      store_all(to, channels,
                [=](int64_t c) IABN_INLINE_LAMBDA { return phi.forward(load(from + c) + load(b + c)); });
    }
  });
}

IABN_SIMD void add_leaf(const float* a, const float* b, float* out, int64_t channels, int64_t pixels,
                        Activation activation) {
  add(a, b, out, channels, pixels, activation);
}

IABN_SIMD void add_leaf(const bf16* a, const bf16* b, bf16* out, int64_t channels, int64_t pixels,
                        Activation activation) {
  add(a, b, out, channels, pixels, activation);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc& desc = spec.inputs[0];
  const int64_t rows = desc.rows(), channels = desc.channels();
  const int64_t area = desc.dims[2] * desc.dims[3];
  const Activation activation = parse_activation(spec.attrs);
  return make_data_kernel(desc.dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const T* a = args.in<T>(0);
    const T* b = args.in<T>(1);
    T* out = args.out<T>(0);
    parallel_range(rows, channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end;) {
        const int64_t image = row / area, last = std::min(end, (image + 1) * area);
        add_leaf(a + row * channels, b + image * channels, out + row * channels, channels, last - row,
                 activation);
        row = last;
      }
    });
  });
}

const OpRegistration registration("broadcast_add", {make});

}  // namespace
}  // namespace iabn
