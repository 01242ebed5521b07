// Bilinear resizing of x; a copy if the size is the same. Otherwise every pixel is the weighted sum of one,
// two or four pixels, which stay in the cache while nearby rows and columns are written. A separate pass per
// axis would save arithmetic, but memory is the bottleneck.
#include "cpu/loops/channels.h"
#include "cpu/loops/closure.h"
#include "geometry/bilinear_taps.h"

namespace iabn {
namespace {

template <class T>
struct Line {
  const T* upper;
  const T* lower;
  float first, second;  // their weights
  int64_t channels, x_pitch, y_pitch;
};

// kChannels: the number of channels if it is small and worth specializing for; 0: any.
template <int64_t kChannels, class T>
IABN_INLINE void resize_line(const Line<T>& line, const BilinearTap* taps, int64_t pixels, T* y) {
  const int64_t channels = kChannels > 0 ? kChannels : line.channels;
  for (int64_t i = 0; i < pixels; ++i) {
    const BilinearTap tap = taps[i];
    const T* a = line.upper + tap.low * line.x_pitch;
    const T* b = a + line.x_pitch;
    const T* c = line.lower + tap.low * line.x_pitch;
    const T* d = c + line.x_pitch;
    const float wa = line.first * tap.first, wb = line.first * tap.second;
    const float wc = line.second * tap.first, wd = line.second * tap.second;
    T* out = y + i * line.y_pitch;
    if (tap.second == 0 && line.second == 0) {
      for (int64_t k = 0; k < channels; ++k) out[k] = a[k];
    } else if (tap.second == 0) {
      for (int64_t k = 0; k < channels; ++k) store(out + k, wa * load(a + k) + wc * load(c + k));
    } else if (line.second == 0) {
      for (int64_t k = 0; k < channels; ++k) store(out + k, wa * load(a + k) + wb * load(b + k));
    } else {
      for (int64_t k = 0; k < channels; ++k) {
        store(out + k, (wa * load(a + k) + wb * load(b + k)) + (wc * load(c + k) + wd * load(d + k)));
      }
    }
  }
}

template <class T>
IABN_INLINE void resize_any(const Line<T>& line, const BilinearTap* taps, int64_t pixels, T* y) {
  if (line.channels == 1) return resize_line<1>(line, taps, pixels, y);
  if (line.channels == 3) return resize_line<3>(line, taps, pixels, y);
  resize_line<0>(line, taps, pixels, y);
}

IABN_SIMD void line_leaf(const Line<float>& line, const BilinearTap* taps, int64_t pixels, float* y) {
  resize_any(line, taps, pixels, y);
}

IABN_SIMD void line_leaf(const Line<bf16>& line, const BilinearTap* taps, int64_t pixels, bf16* y) {
  resize_any(line, taps, pixels, y);
}

std::unique_ptr<Kernel> make_copy(const KernelSpec& spec) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  check_resized(x, y);
  if (x.dims != y.dims) throw Refused("the size changes, so this is not a copy");
  const ChannelSlice source = channel_slice(x, 0), target = channel_slice(y, 0);
  const bool whole = x.dense() && y.dense();
  const int64_t rows = x.rows(), channels = x.channels();
  const size_t row_bytes = static_cast<size_t>(channels) * dtype_size(x.dtype);
  return make_kernel_of([=](const KernelArgs& args) {
    parallel_range(rows, channels, 1, [&](int64_t begin, int64_t end) {
      if (!whole) return copy_rows(args.inputs[0], source, args.outputs[0], target, row_bytes, begin, end);
      const size_t offset = static_cast<size_t>(begin) * row_bytes;
      std::memcpy(static_cast<char*>(args.outputs[0]) + offset,
                  static_cast<const char*>(args.inputs[0]) + offset,
                  static_cast<size_t>(end - begin) * row_bytes);
    });
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const TensorDesc &x = spec.inputs[0], &y = spec.outputs[0];
  check_resized(x, y);
  const int64_t images = y.dims[0], height = x.dims[2], width = x.dims[3];
  const int64_t rows = y.dims[2], columns = y.dims[3], channels = y.channels();
  const int64_t x_pitch = x.row_pitch(), y_pitch = y.row_pitch(), elements = y.elements();
  return make_data_kernel(x.dtype, [=, down = bilinear_taps(height, rows),
                                    across = bilinear_taps(width, columns)](auto type,
                                                                            const KernelArgs& args) {
    using T = typename decltype(type)::type;
    parallel_tasks(images * rows, elements, [&](int64_t task) {
      const BilinearTap tap = down[static_cast<size_t>(task % rows)];
      const T* upper = args.in<T>(0) + (task / rows * height + tap.low) * width * x_pitch;
      const Line<T> line{upper, upper + width * x_pitch, tap.first, tap.second, channels, x_pitch, y_pitch};
      line_leaf(line, across.data(), columns, args.out<T>(0) + task * columns * y_pitch);
    });
  });
}

const OpRegistration registration("resize_bilinear", {make_copy, make});

}  // namespace
}  // namespace iabn
