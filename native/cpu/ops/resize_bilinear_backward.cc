// dx = Σ weight·dy over the outputs that this pixel contributes to. A gather: each row of dx is written by
// one thread, first the weighted sum of its rows of dy, then along it, in order.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"
#include "geometry/bilinear_taps.h"

namespace iabn {
namespace {

constexpr int64_t kStretch = 1024;  // floats of a sum of rows that stay in the first-level cache
constexpr int64_t kBlock = 64;      // channels whose accumulators do

struct Share {
  int64_t output;
  float weight;
};

// The outputs that each position of an axis contributes to, position by position.
struct Shares {
  std::vector<Share> list;
  std::vector<size_t> ends;

  Shares(int64_t from, int64_t to) : ends(static_cast<size_t>(from)) {
    std::vector<std::vector<Share>> lists(static_cast<size_t>(from));
    const std::vector<BilinearTap> taps = bilinear_taps(from, to);
    for (int64_t o = 0; o < to; ++o) {
      const BilinearTap& tap = taps[static_cast<size_t>(o)];
      const size_t low = static_cast<size_t>(tap.low);
      lists[low].push_back({o, tap.first});
      if (tap.second != 0) lists[low + 1].push_back({o, tap.second});
    }
    for (size_t i = 0; i < lists.size(); ++i) {
      list.insert(list.end(), lists[i].begin(), lists[i].end());
      ends[i] = list.size();
    }
  }

  const Share* begin(int64_t i) const {
    return list.data() + (i == 0 ? 0 : ends[static_cast<size_t>(i) - 1]);
  }
  const Share* end(int64_t i) const { return list.data() + ends[static_cast<size_t>(i)]; }
};

// An image of dy: its rows are `segments` of `width` elements, `pitch` apart.
template <class T>
struct Rows {
  const T* data;
  int64_t segments, width, pitch;
};

// sum [segments·width] = Σ weight·row over the contributions.
template <class T>
IABN_INLINE void sum_rows(const Rows<T>& dy, const Share* begin, const Share* end, float* sum) {
  for (int64_t segment = 0; segment < dy.segments; ++segment) {
    for (int64_t first = 0; first < dy.width; first += kStretch) {
      const int64_t count = dy.width - first < kStretch ? dy.width - first : kStretch;
      float* __restrict to = sum + segment * dy.width + first;
      for (int64_t i = 0; i < count; ++i) to[i] = 0;
      for (const Share* share = begin; share != end; ++share) {
        const T* from = dy.data + (share->output * dy.segments + segment) * dy.pitch + first;
        const float weight = share->weight;
        for (int64_t i = 0; i < count; ++i) to[i] += weight * load(from + i);
      }
    }
  }
}

// A row of dx from the sum [columns, channels].
template <class T>
IABN_INLINE void gather_row(const float* sum, const Shares& across, int64_t pixels, int64_t channels, T* dx,
                            int64_t pitch) {
  for (int64_t x = 0; x < pixels; ++x) {
    for (int64_t c0 = 0; c0 < channels; c0 += kBlock) {
      const int64_t count = channels - c0 < kBlock ? channels - c0 : kBlock;
      float total[kBlock];
      for (int64_t c = 0; c < count; ++c) total[c] = 0;
      for (const Share* share = across.begin(x); share != across.end(x); ++share) {
        const float* from = sum + share->output * channels + c0;
        for (int64_t c = 0; c < count; ++c) total[c] += share->weight * from[c];
      }
      for (int64_t c = 0; c < count; ++c) store(dx + x * pitch + c0 + c, total[c]);
    }
  }
}

IABN_SIMD void sum_leaf(const Rows<float>& dy, const Share* begin, const Share* end, float* sum) {
  sum_rows(dy, begin, end, sum);
}
IABN_SIMD void sum_leaf(const Rows<bf16>& dy, const Share* begin, const Share* end, float* sum) {
  sum_rows(dy, begin, end, sum);
}
IABN_SIMD void row_leaf(const float* sum, const Shares& across, int64_t pixels, int64_t channels, float* dx,
                        int64_t pitch) {
  gather_row(sum, across, pixels, channels, dx, pitch);
}
IABN_SIMD void row_leaf(const float* sum, const Shares& across, int64_t pixels, int64_t channels, bf16* dx,
                        int64_t pitch) {
  gather_row(sum, across, pixels, channels, dx, pitch);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &dy = spec.inputs[0], &dx = spec.outputs[0];
  check_resized(dx, dy);
  const int64_t images = dx.dims[0], channels = dx.channels();
  const int64_t height = dx.dims[2], width = dx.dims[3], rows = dy.dims[2], columns = dy.dims[3];
  const int64_t dy_pitch = dy.row_pitch(), dx_pitch = dx.row_pitch();
  const int64_t elements = dy.elements();
  const bool dense = dy.dense();
  const int threads = static_cast<int>(std::clamp<int64_t>(images * height, 1, most_threads()));
  const int64_t sum_floats = columns * channels;
  return make_data_kernel(
      dx.dtype,
      [=, down = Shares(height, rows), across = Shares(width, columns)](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        parallel_divide(
            elements >= kParallelElements ? threads : 1, images * height, [&](int64_t row, int thread) {
              const T* image = args.in<T>(0) + row / height * rows * columns * dy_pitch;
              const Rows<T> lines = dense ? Rows<T>{image, 1, sum_floats, sum_floats}
                                          : Rows<T>{image, columns, channels, dy_pitch};
              float* sum = static_cast<float*>(args.workspace) + thread * sum_floats;
              sum_leaf(lines, down.begin(row % height), down.end(row % height), sum);
              row_leaf(sum, across, width, channels, args.out<T>(0) + row * width * dx_pitch, dx_pitch);
            });
      },
      static_cast<size_t>(threads * sum_floats) * sizeof(float));
}

const OpRegistration registration("resize_bilinear_backward", {make});

}  // namespace
}  // namespace iabn
