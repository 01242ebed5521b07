// y = x padded by repeating its border.
#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/padded_images.h"

namespace iabn::cuda {
namespace {

template <class T, int N>
struct Replicate {
  PaddedImages s;
  const T* x;
  T* y;

  __device__ void operator()(int64_t item) const {
    const Pixel out(item, s.channels / N, N, s.rows.padded, s.columns.padded);
    const int64_t row = out.image * s.rows.inner + s.rows.nearest(out.y);
    const int64_t from = row * s.columns.inner + s.columns.nearest(out.x);
    const Pack<T, N> pack = load_pack<N>(x + from * s.inner_pitch + out.c);
    *reinterpret_cast<Pack<T, N>*>(y + out.index * s.padded_pitch + out.c) = pack;
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  const PaddedImages s = PaddedImages::from(spec.attrs, x, y);
  const int pack = pack_of({&x, &y});
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.images * s.rows.padded * s.columns.padded * (s.channels / N),
                Replicate<T, N>{s, args.in<T>(0), args.out<T>(0)});
    });
  });
}

const OpRegistration registration("pad_replicate", {make});

}  // namespace
}  // namespace iabn::cuda
