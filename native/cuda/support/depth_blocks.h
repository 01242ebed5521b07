// Copies between pixels and blocks of pixels (geometry/depth_blocks.h), some channels of a pixel per thread.
#pragma once

#include "cuda/support/kernels.h"
#include "cuda/support/windows.h"
#include "geometry/depth_blocks.h"

namespace iabn::cuda {

template <class T, int N, bool ToDepth>
struct CopyBlocks {
  DepthBlocks s;
  const T* from;
  T* to;

  __device__ void operator()(int64_t item) const {
    const Pixel pixel(item, s.channels / N, N, s.height * s.block, s.width * s.block);
    const int64_t part = (pixel.y % s.block * s.block + pixel.x % s.block) * s.channels + pixel.c;
    const int64_t block = (pixel.image * s.height + pixel.y / s.block) * s.width + pixel.x / s.block;
    const int64_t space = pixel.index * s.space_pitch + pixel.c, depth = block * s.depth_pitch + part;
    const Pack<T, N> pack = load_pack<N>(from + (ToDepth ? space : depth));
    *reinterpret_cast<Pack<T, N>*>(to + (ToDepth ? depth : space)) = pack;
  }
};

template <bool ToDepth>
std::unique_ptr<Kernel> make_block_copy(const KernelSpec& spec, Context& context) {
  const TensorDesc& space = ToDepth ? spec.inputs[0] : spec.outputs[0];
  const TensorDesc& depth = ToDepth ? spec.outputs[0] : spec.inputs[0];
  const DepthBlocks s = DepthBlocks::from(spec.attrs, space, depth);
  const int pack = pack_of({&space, &depth});
  return make_data_kernel(space.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    with_pack<T>(pack, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_items(context, s.images * s.height * s.width * s.block * s.block * (s.channels / N),
                CopyBlocks<T, N, ToDepth>{s, args.in<T>(0), args.out<T>(0)});
    });
  });
}

}  // namespace iabn::cuda
