// y = γ·(x − μ)·rstd + β with the mean μ and rstd = 1/√(σ² + ε) of each group of channels of each image.
//   x, y [N,C,S…] channels-last, y may overwrite x; γ, β f32 [C] or absent; μ, rstd f32 [N,G].
//
// A channel is summed about its first element, Σ (x − k) and Σ (x − k)², which is accurate enough for mean ≫
// deviation. Channels are merged in float64 (Chan et al.).
#include "cpu/ops/group_norm.h"

#include <cmath>
#include <vector>

namespace iabn {
namespace {

// Writes each channel's mean and Σ (x − mean)².
template <class T>
IABN_INLINE void channel_statistics(const T* x, Patch patch, double* mean, double* m2) {
  for_strips(patch.channels, [&](int64_t first, int64_t channels) IABN_INLINE_LAMBDA {
    float shift[kStripChannels], s1[kStripChannels], s2[kStripChannels];
    double *sum = mean + first, *squares = m2 + first;
    for (int64_t c = 0; c < channels; ++c) shift[c] = load(x + first + c), sum[c] = squares[c] = 0.0;
    for (int64_t row = 0; row < patch.rows; row += kGroupRun) {
      const int64_t end = std::min(patch.rows, row + kGroupRun);
      for (int64_t c = 0; c < channels; ++c) s1[c] = s2[c] = 0.0f;
      for (int64_t r = row; r < end; ++r) {
        const T* from = x + r * patch.pitch + first;
        for (int64_t c = 0; c < channels; ++c) {
          const float d = load(from + c) - shift[c];
          s1[c] += d;
          s2[c] += d * d;
        }
      }
      for (int64_t c = 0; c < channels; ++c) sum[c] += s1[c], squares[c] += s2[c];
    }
    for (int64_t c = 0; c < channels; ++c) {
      const double offset = sum[c] / static_cast<double>(patch.rows);
      squares[c] = std::max(0.0, squares[c] - sum[c] * offset);
      sum[c] = shift[c] + offset;
    }
  });
}

template <class T>
IABN_INLINE void normalize(const T* x, T* y, Patch patch, const float* mean, const float* scale,
                           const float* shift) {
  for (int64_t r = 0; r < patch.rows; ++r) {
    const T* from = x + r * patch.pitch;
    T* to = y + r * patch.pitch;
    IABN_ELEMENTWISE
    for (int64_t c = 0; c < patch.channels; ++c) {
      store(to + c, (load(from + c) - mean[c]) * scale[c] + shift[c]);
    }
  }
}

IABN_SIMD void statistics_leaf(const float* x, Patch patch, double* mean, double* m2) {
  channel_statistics(x, patch, mean, m2);
}
IABN_SIMD void statistics_leaf(const bf16* x, Patch patch, double* mean, double* m2) {
  channel_statistics(x, patch, mean, m2);
}
IABN_SIMD void normalize_leaf(const float* x, float* y, Patch patch, const float* mean, const float* scale,
                              const float* shift) {
  normalize(x, y, patch, mean, scale, shift);
}
IABN_SIMD void normalize_leaf(const bf16* x, bf16* y, Patch patch, const float* mean, const float* scale,
                              const float* shift) {
  normalize(x, y, patch, mean, scale, shift);
}

struct Statistics {
  float mean, rstd;
};

// Merges `width` channels with `rows` elements each.
Statistics merge(const double* mean, const double* m2, int64_t width, int64_t rows, double eps) {
  double sum = 0.0, squares = 0.0;
  for (int64_t c = 0; c < width; ++c) sum += mean[c];
  const double group = sum / static_cast<double>(width);
  for (int64_t c = 0; c < width; ++c) {
    squares += m2[c] + static_cast<double>(rows) * (mean[c] - group) * (mean[c] - group);
  }
  const double variance = squares / static_cast<double>(width * rows);
  return {static_cast<float>(group), static_cast<float>(1.0 / std::sqrt(variance + eps))};
}

// Per thread, for the channels of its task.
struct Scratch {
  double *mean, *m2;
  float *center, *scale, *shift;

  static size_t bytes(int64_t channels) {
    return static_cast<size_t>(ceil_div(channels, 16) * 16) * (2 * sizeof(double) + 3 * sizeof(float));
  }
  static Scratch at(void* workspace, int64_t thread, int64_t channels) {
    const int64_t padded = ceil_div(channels, 16) * 16;
    char* own = static_cast<char*>(workspace) + bytes(channels) * static_cast<size_t>(thread);
    double* doubles = reinterpret_cast<double*>(own);
    float* floats = reinterpret_cast<float*>(doubles + 2 * padded);
    return {doubles, doubles + padded, floats, floats + padded, floats + 2 * padded};
  }
};

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const GroupShape shape = GroupShape::from(spec.inputs[0], spec.attrs.integer("groups"));
  const double eps = spec.attrs.number("eps");
  const bool has_weight = spec.inputs[1].present(), has_bias = spec.inputs[2].present();
  const int64_t most = shape.groups_of_task() * shape.width();
  return make_data_kernel(
      spec.inputs[0].dtype,
      [=](auto type, const KernelArgs& args) {
        using T = typename decltype(type)::type;
        if (shape.elements() == 0) return;
        const float* weight = has_weight ? args.in<float>(1) : nullptr;
        const float* bias = has_bias ? args.in<float>(2) : nullptr;
        parallel_groups(shape, [&](const GroupTask& task) {
          const Scratch own = Scratch::at(args.workspace, task.thread, most);
          const Patch patch{shape.area, shape.channels, task.channels};
          const int64_t first = task.image * shape.area * shape.channels + task.channel;
          statistics_leaf(args.in<T>(0) + first, patch, own.mean, own.m2);
          for (int64_t g = 0; g < task.groups; ++g) {
            const int64_t begin = g * shape.width();
            const Statistics s = merge(own.mean + begin, own.m2 + begin, shape.width(), shape.area, eps);
            args.out<float>(1)[task.image * shape.groups + task.group + g] = s.mean;
            args.out<float>(2)[task.image * shape.groups + task.group + g] = s.rstd;
            for (int64_t c = begin; c < begin + shape.width(); ++c) {
              own.center[c] = s.mean;
              own.scale[c] = weight ? s.rstd * weight[task.channel + c] : s.rstd;
              own.shift[c] = bias ? bias[task.channel + c] : 0.0f;
            }
          }
          normalize_leaf(args.in<T>(0) + first, args.out<T>(0) + first, patch, own.center, own.scale,
                         own.shift);
        });
      },
      Scratch::bytes(most) * static_cast<size_t>(most_threads()));
}

const OpRegistration registration("group_norm", {make});

}  // namespace
}  // namespace iabn
