// Dropout whose mask is a function of (seed, stream, index) alone, so that the backward pass draws it again:
//   mix(v): v ^= v >> 16; v ·= 0x7feb352d; v ^= v >> 15; v ·= 0x846ca68b; v ^= v >> 16
//   h = mix(seed ^ mix(stream·0x9E3779B9)),  u = mix(mix(lo(index) ^ h) ^ hi(index)·0x85EBCA6B) / 2³²
// An element is kept iff u ≥ p, and then scaled by 1/(1 − p). The index counts elements in channels-last
// order or, channelwise, is n·C + c. out may be written over x.
#include <cmath>

#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "geometry/counter_hash.h"

namespace iabn::cuda {
namespace {

// u ≥ p as an integer comparison: hash ≥ ⌈p·2³²⌉. A scale of 0 keeps nothing (p = 1).
struct Draw {
  uint32_t stream_key;
  uint32_t threshold;
  float scale;

  __device__ float factor(int32_t seed, int64_t index) const {
    const uint32_t key = mix(static_cast<uint32_t>(seed) ^ stream_key);
    const uint32_t low = static_cast<uint32_t>(index);
    const uint32_t high = static_cast<uint32_t>(static_cast<uint64_t>(index) >> 32) * 0x85EBCA6Bu;
    return mix(mix(low ^ key) ^ high) >= threshold ? scale : 0.0f;
  }
};

Draw draw_of(const Attrs& attrs) {
  const double p = attrs.number("p"), threshold = std::ceil(p * 4294967296.0);
  const uint32_t key = mix(static_cast<uint32_t>(attrs.integer("stream")) * 0x9E3779B9u);
  if (threshold >= 4294967296.0) return {key, 0u, 0.0f};
  return {key, static_cast<uint32_t>(threshold), static_cast<float>(1.0 / (1.0 - p))};
}

// Elements of an image and its channels if whole channels are dropped; 0 for single elements.
struct Maps {
  int64_t image, channels;
};

template <class T>
void run(const Context& context, int64_t count, Draw draw, Maps maps, const T* x, const int32_t* seed,
         T* out) {
  for_items(context, count, [=] __device__(int64_t i) {
    const int64_t index = maps.channels == 0 ? i : i / maps.image * maps.channels + i % maps.channels;
    const float factor = draw.factor(*seed, index);
    store(out + i, factor == 0.0f ? 0.0f : to_float(x[i]) * factor);
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const TensorDesc& x = spec.inputs[0];
  const Draw draw = draw_of(spec.attrs);
  const int64_t count = x.elements(), images = x.dims[0];
  Maps maps = {0, 0};
  if (spec.attrs.boolean("channelwise") && count > 0) maps = {count / images, x.channels()};
  return make_data_kernel(x.dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    run(context, count, draw, maps, args.in<T>(0), args.in<int32_t>(1), args.out<T>(0));
  });
}

const OpRegistration registration("dropout", {make});

}  // namespace
}  // namespace iabn::cuda
