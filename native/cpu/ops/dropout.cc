// Dropout whose mask is a function of (seed, stream, index) alone, so that the backward pass draws it again:
//   mix(v): v ^= v >> 16; v ·= 0x7feb352d; v ^= v >> 15; v ·= 0x846ca68b; v ^= v >> 16
//   h = mix(seed ^ mix(stream·0x9E3779B9)),  u = mix(mix(lo(index) ^ h) ^ hi(index)·0x85EBCA6B) / 2³²
// An element is kept iff u ≥ p, and then scaled by 1/(1 − p). The index counts elements in channels-last
// order or, channelwise, is n·C + c. out may be written over x.
#include <algorithm>
#include <cmath>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/counter_hash.h"

namespace iabn {
namespace {

// u ≥ p as an integer comparison: hash ≥ ⌈p·2³²⌉. A scale of 0 keeps nothing (p = 1).
struct Draw {
  uint32_t key;
  uint32_t threshold;
  float scale;

  IABN_INLINE_MEMBER float factor(uint32_t low, uint32_t high_key) const {
    return mix(mix(low ^ key) ^ high_key) >= threshold ? scale : 0.0f;
  }
};

constexpr uint32_t kHigh = 0x85EBCA6Bu;

// All indices of a call share their upper half.
template <class T>
IABN_INLINE void drop(const T* x, T* out, int64_t count, uint64_t index, Draw draw) {
  const uint32_t low = static_cast<uint32_t>(index);
  const uint32_t high_key = static_cast<uint32_t>(index >> 32) * kHigh;
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < count; ++i) {
    const float factor = draw.factor(low + static_cast<uint32_t>(i), high_key);
    const float kept = load(x + i) * factor;
    store(out + i, factor == 0.0f ? 0.0f : kept);
  }
}

IABN_SIMD void drop_leaf(const float* x, float* out, int64_t count, uint64_t index, Draw draw) {
  drop(x, out, count, index, draw);
}

IABN_SIMD void drop_leaf(const bf16* x, bf16* out, int64_t count, uint64_t index, Draw draw) {
  drop(x, out, count, index, draw);
}

template <class T>
IABN_INLINE void drop_channels(const T* x, T* out, int64_t rows, int64_t channels, const float* factors) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* in = x + r * channels;
    T* to = out + r * channels;
    IABN_ELEMENTWISE
    for (int64_t c = 0; c < channels; ++c) {
      const float kept = load(in + c) * factors[c];
      store(to + c, factors[c] == 0.0f ? 0.0f : kept);
    }
  }
}

IABN_SIMD void drop_channels_leaf(const float* x, float* out, int64_t rows, int64_t channels,
                                  const float* factors) {
  drop_channels(x, out, rows, channels, factors);
}

IABN_SIMD void drop_channels_leaf(const bf16* x, bf16* out, int64_t rows, int64_t channels,
                                  const float* factors) {
  drop_channels(x, out, rows, channels, factors);
}

struct Dropout {
  double p;
  uint32_t stream;

  Draw draw(int32_t seed) const {
    const uint32_t key = mix(static_cast<uint32_t>(seed) ^ mix(stream * 0x9E3779B9u));
    const double threshold = std::ceil(p * 4294967296.0);
    if (threshold >= 4294967296.0) return {key, 0u, 0.0f};
    return {key, static_cast<uint32_t>(threshold), static_cast<float>(1.0 / (1.0 - p))};
  }
};

template <class T>
void drop_elements(const T* x, T* out, int64_t count, const Draw& draw) {
  parallel_elements(count, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t next = std::min(end, ((begin >> 32) + 1) << 32);
      drop_leaf(x + begin, out + begin, next - begin, static_cast<uint64_t>(begin), draw);
      begin = next;
    }
  });
}

template <class T>
void drop_maps(const T* x, T* out, const TensorDesc& desc, const Draw& draw, float* factors) {
  const int64_t images = desc.dims[0];
  const int64_t channels = desc.channels();
  const int64_t pixels = images == 0 ? 0 : desc.rows() / images;
  for (int64_t i = 0; i < images * channels; ++i) {
    const uint64_t index = static_cast<uint64_t>(i);
    factors[i] = draw.factor(static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32) * kHigh);
  }
  parallel_tasks(images, desc.elements(), [&](int64_t n) {
    const int64_t offset = n * pixels * channels;
    drop_channels_leaf(x + offset, out + offset, pixels, channels, factors + n * channels);
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc desc = spec.inputs[0];
  const Dropout dropout = {spec.attrs.number("p"), static_cast<uint32_t>(spec.attrs.integer("stream"))};
  const bool channelwise = spec.attrs.boolean("channelwise");
  const size_t factors =
      channelwise ? static_cast<size_t>(desc.dims[0] * desc.channels()) * sizeof(float) : 0;
  return make_data_kernel(
      desc.dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        const T* x = args.in<T>(0);
        T* out = args.out<T>(0);
        const Draw draw = dropout.draw(*args.in<int32_t>(1));
        if (channelwise) return drop_maps(x, out, desc, draw, static_cast<float*>(args.workspace));
        drop_elements(x, out, desc.elements(), draw);
      },
      factors);
}

const OpRegistration registration("dropout", {make});

}  // namespace
}  // namespace iabn
