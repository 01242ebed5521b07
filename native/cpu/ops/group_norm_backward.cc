// Gradients of group normalization, with x̂ = (x − μ)·rstd and means over each group of each image:
//   dx = rstd·(γ·dy − mean(γ·dy) − x̂·mean(γ·dy·x̂))    dγ = Σ dy·x̂    dβ = Σ dy
//   dy, x, dx [N,C,S…] channels-last, dx may overwrite dy or x; μ, rstd f32 [N,G]; γ f32 [C] or absent;
//   dγ, dβ f32 [C].
//
// Sums per channel and image are double [2][N][C] in the workspace, and are added over the images in order.
#include "cpu/ops/group_norm.h"

namespace iabn {
namespace {

// Writes each channel's Σ dy and Σ dy·(x − μ); `mean` belongs to the channel's group.
template <class T>
IABN_INLINE void channel_sums(const T* dy, const T* x, Patch patch, const float* mean, double* sum,
                              double* product) {
  for_strips(patch.channels, [&](int64_t first, int64_t channels) IABN_INLINE_LAMBDA {
    float s1[kStripChannels], s2[kStripChannels];
    double *sums = sum + first, *products = product + first;
    const float* center = mean + first;
    for (int64_t c = 0; c < channels; ++c) sums[c] = products[c] = 0.0;
    for (int64_t row = 0; row < patch.rows; row += kGroupRun) {
      const int64_t end = std::min(patch.rows, row + kGroupRun);
      for (int64_t c = 0; c < channels; ++c) s1[c] = s2[c] = 0.0f;
      for (int64_t r = row; r < end; ++r) {
        const int64_t at = r * patch.pitch + first;
        for (int64_t c = 0; c < channels; ++c) {
          const float d = load(dy + at + c);
          s1[c] += d;
          s2[c] += d * (load(x + at + c) - center[c]);
        }
      }
      for (int64_t c = 0; c < channels; ++c) sums[c] += s1[c], products[c] += s2[c];
    }
  });
}

// dx = a·dy − b − (x − μ)·k
template <class T>
IABN_INLINE void differentiate(const T* dy, const T* x, T* dx, Patch patch, const float* mean, const float* a,
                               const float* b, const float* k) {
  for (int64_t r = 0; r < patch.rows; ++r) {
    const int64_t at = r * patch.pitch;
    IABN_ELEMENTWISE
    for (int64_t c = 0; c < patch.channels; ++c) {
      store(dx + at + c, a[c] * load(dy + at + c) - b[c] - (load(x + at + c) - mean[c]) * k[c]);
    }
  }
}

IABN_SIMD void sums_leaf(const float* dy, const float* x, Patch patch, const float* mean, double* sum,
                         double* product) {
  channel_sums(dy, x, patch, mean, sum, product);
}
IABN_SIMD void sums_leaf(const bf16* dy, const bf16* x, Patch patch, const float* mean, double* sum,
                         double* product) {
  channel_sums(dy, x, patch, mean, sum, product);
}
IABN_SIMD void differentiate_leaf(const float* dy, const float* x, float* dx, Patch patch, const float* mean,
                                  const float* a, const float* b, const float* k) {
  differentiate(dy, x, dx, patch, mean, a, b, k);
}
IABN_SIMD void differentiate_leaf(const bf16* dy, const bf16* x, bf16* dx, Patch patch, const float* mean,
                                  const float* a, const float* b, const float* k) {
  differentiate(dy, x, dx, patch, mean, a, b, k);
}

// Per thread, for the channels of its task.
struct Coefficients {
  float *mean, *a, *b, *k;

  static size_t floats(int64_t channels) { return static_cast<size_t>(ceil_div(channels, 16) * 16) * 4; }
  static Coefficients at(float* workspace, int64_t thread, int64_t channels) {
    float* own = workspace + floats(channels) * static_cast<size_t>(thread);
    const int64_t padded = ceil_div(channels, 16) * 16;
    return {own, own + padded, own + 2 * padded, own + 3 * padded};
  }
};

class GroupNormBackward final : public Kernel {
 public:
  explicit GroupNormBackward(const KernelSpec& spec)
      : shape_(GroupShape::from(spec.inputs[1], spec.attrs.integer("groups"))),
        dtype_(spec.inputs[1].dtype),
        has_weight_(spec.inputs[4].present()) {}

  size_t workspace_bytes() const override {
    return sums() * 2 * sizeof(double) +
           Coefficients::floats(task_channels()) * static_cast<size_t>(most_threads()) * sizeof(float);
  }

  void run(const KernelArgs& args) override {
    double* sum = static_cast<double*>(args.workspace);
    if (shape_.elements() > 0) {
      with_data(dtype_, [&](auto type) {
        using T = typename decltype(type)::type;
        parallel_groups(shape_, [&](const GroupTask& task) { run_task<T>(args, task, sum); });
      });
    }
    add_images(args, sum);
  }

 private:
  size_t sums() const { return static_cast<size_t>(shape_.images * shape_.channels); }
  int64_t task_channels() const { return shape_.groups_of_task() * shape_.width(); }

  template <class T>
  void run_task(const KernelArgs& args, const GroupTask& task, double* all_sums) const {
    double* sum = all_sums + task.image * shape_.channels + task.channel;
    double* product = sum + sums();
    float* scratch = reinterpret_cast<float*>(all_sums + 2 * sums());
    const Coefficients own = Coefficients::at(scratch, task.thread, task_channels());
    const int64_t statistics = task.image * shape_.groups + task.group;
    const float *mean = args.in<float>(2) + statistics, *rstd = args.in<float>(3) + statistics;
    for (int64_t c = 0; c < task.channels; ++c) own.mean[c] = mean[c / shape_.width()];
    const Patch patch{shape_.area, shape_.channels, task.channels};
    const int64_t first = task.image * shape_.area * shape_.channels + task.channel;
    const T *dy = args.in<T>(0) + first, *x = args.in<T>(1) + first;
    sums_leaf(dy, x, patch, own.mean, sum, product);
    const float* weight = has_weight_ ? args.in<float>(4) + task.channel : nullptr;
    for (int64_t g = 0; g < task.groups; ++g) set_group(own, g, rstd[g], weight, sum, product);
    differentiate_leaf(dy, x, args.out<T>(0) + first, patch, own.mean, own.a, own.b, own.k);
  }

  // Converts the sums of dy·(x − μ) in `product` to sums of dy·x̂.
  void set_group(const Coefficients& own, int64_t group, float rstd, const float* weight, const double* sum,
                 double* product) const {
    double s1 = 0.0, s2 = 0.0;
    const int64_t begin = group * shape_.width(), end = begin + shape_.width();
    for (int64_t c = begin; c < end; ++c) {
      const double scale = weight ? weight[c] : 1.0f;
      product[c] *= rstd;
      s1 += scale * sum[c];
      s2 += scale * product[c];
    }
    for (int64_t c = begin; c < end; ++c) {
      own.a[c] = weight ? rstd * weight[c] : rstd;
      own.b[c] = static_cast<float>(rstd * s1 / shape_.size());
      own.k[c] = static_cast<float>(double(rstd) * rstd * s2 / shape_.size());
    }
  }

  void add_images(const KernelArgs& args, const double* sum) const {
    const int64_t images = shape_.area == 0 ? 0 : shape_.images;
    float *dweight = args.out<float>(1), *dbias = args.out<float>(2);
    parallel_range(shape_.channels, images, 16, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        double s1 = 0.0, s2 = 0.0;
        for (int64_t n = 0; n < images; ++n) {
          s1 += sum[n * shape_.channels + c];
          s2 += sum[n * shape_.channels + c + static_cast<int64_t>(sums())];
        }
        dbias[c] = static_cast<float>(s1), dweight[c] = static_cast<float>(s2);
      }
    });
  }

  GroupShape shape_;
  DType dtype_;
  bool has_weight_;
};

const OpRegistration registration("group_norm_backward", {[](const KernelSpec& spec) {
                                    return std::make_unique<GroupNormBackward>(spec);
                                  }});

}  // namespace
}  // namespace iabn
