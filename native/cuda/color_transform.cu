// Converts uint8 RGB images to data by an affine color map per image (normalization, jitter and lighting
// combined):
//   out_c = Σ_k A[n][c][k]·image_k/255 + A[n][c][3],   A row-major 3×4.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"

namespace iabn::cuda {
namespace {

template <class T>
void run(const Context& context, int64_t images, int64_t pixels, const uint8_t* bytes, const float* color,
         T* out) {
  for_items(context, images * pixels, [=] __device__(int64_t i) {
    const float* map = color + i / pixels * 12;
    const float r = bytes[3 * i], g = bytes[3 * i + 1], b = bytes[3 * i + 2];
#pragma unroll
    for (int c = 0; c < 3; ++c) {
      const float* row = map + 4 * c;
      const float sum = row[0] / 255.0f * r + (row[1] / 255.0f * g + (row[2] / 255.0f * b + row[3]));
      store(out + 3 * i + c, sum);
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const int64_t images = spec.inputs[0].dims[0];
  const int64_t pixels = spec.inputs[0].dims[2] * spec.inputs[0].dims[3];
  return make_data_kernel(spec.outputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    run(context, images, pixels, args.in<uint8_t>(0), args.in<float>(1),
        args.out<typename decltype(type)::type>(0));
  });
}

const OpRegistration registration("color_transform", {make});

}  // namespace
}  // namespace iabn::cuda
