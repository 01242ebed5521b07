// Converts uint8 RGB images to data by an affine color map per image (normalization, jitter and lighting
// combined):
//   out_c = Σ_k A[n][c][k]·image_k/255 + A[n][c][3],   A row-major 3×4.
#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {
namespace {

// The factors include 1/255.
struct ColorMap {
  float factor[3][3];
  float offset[3];
};

ColorMap color_map(const float* color) {
  ColorMap map;
  for (int c = 0; c < 3; ++c) {
    for (int k = 0; k < 3; ++k) map.factor[c][k] = static_cast<float>(color[c * 4 + k] / 255.0);
    map.offset[c] = color[c * 4 + 3];
  }
  return map;
}

template <class T>
IABN_INLINE void transform(const uint8_t* image, T* out, int64_t pixels, ColorMap map) {
  IABN_ELEMENTWISE
  for (int64_t i = 0; i < pixels; ++i) {
    const float r = image[3 * i], g = image[3 * i + 1], b = image[3 * i + 2];
    store(out + 3 * i,
          map.factor[0][0] * r + (map.factor[0][1] * g + (map.factor[0][2] * b + map.offset[0])));
    store(out + 3 * i + 1,
          map.factor[1][0] * r + (map.factor[1][1] * g + (map.factor[1][2] * b + map.offset[1])));
    store(out + 3 * i + 2,
          map.factor[2][0] * r + (map.factor[2][1] * g + (map.factor[2][2] * b + map.offset[2])));
  }
}

IABN_SIMD void transform_leaf(const uint8_t* image, float* out, int64_t pixels, ColorMap map) {
  transform(image, out, pixels, map);
}

IABN_SIMD void transform_leaf(const uint8_t* image, bf16* out, int64_t pixels, ColorMap map) {
  transform(image, out, pixels, map);
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const int64_t images = spec.inputs[0].dims[0];
  const int64_t height = spec.inputs[0].dims[2], width = spec.inputs[0].dims[3];
  return make_data_kernel(spec.outputs[0].dtype, [=](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    const uint8_t* bytes = args.in<uint8_t>(0);
    const float* color = args.in<float>(1);
    T* out = args.out<T>(0);
    parallel_tasks(images * height, images * height * width * 3, [&](int64_t line) {
      const int64_t offset = line * width * 3;
      transform_leaf(bytes + offset, out + offset, width, color_map(color + line / height * 12));
    });
  });
}

const OpRegistration registration("color_transform", {make});

}  // namespace
}  // namespace iabn
