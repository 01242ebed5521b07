// Mixes image n with its partner p (see ImageMix): inside the box x_p, elsewhere share·x_n + (1 − share)·x_p.
#include "cuda/support/kernels.h"
#include "cuda/support/map.h"
#include "geometry/image_mix.h"

namespace iabn::cuda {
namespace {

struct Operands {
  const int32_t* partners;
  const float* lambda;
  const int32_t* boxes;
};

template <class T>
void run(const Context& context, const std::vector<int64_t>& dims, int64_t given, const T* x,
         Operands operands, T* mixed) {
  const int64_t channels = dims[1], width = dims[3], size = dims[1] * dims[2] * dims[3];
  for_items(context, dims[0] * size, [=] __device__(int64_t i) {
    const int64_t n = i / size, place = i % size, pixel = place / channels;
    const ImageMix mix = image_mix(n, given, operands.partners, operands.lambda, operands.boxes);
    const T other = x[mix.other * size + place];
    if (mix.inside(pixel / width, pixel % width)) {
      mixed[i] = other;
    } else if (mix.share == 1.0f) {
      mixed[i] = x[i];
    } else {
      store(mixed + i, mix.share * to_float(x[i]) + (1.0f - mix.share) * to_float(other));
    }
  });
}

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const std::vector<int64_t> dims(spec.outputs[0].dims.begin(), spec.outputs[0].dims.end());
  const int64_t given = spec.inputs[0].dims[0];
  return make_data_kernel(spec.inputs[0].dtype, [=, &context](auto type, const KernelArgs& args) {
    using T = typename decltype(type)::type;
    run(context, dims, given, args.in<T>(0), {args.in<int32_t>(1), args.in<float>(2), args.in<int32_t>(3)},
        args.out<T>(0));
  });
}

const OpRegistration registration("mix_images", {make});

}  // namespace
}  // namespace iabn::cuda
