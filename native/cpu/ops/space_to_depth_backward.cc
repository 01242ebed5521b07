// dx[n, c, h·b + i, w·b + j] = dy[n, (i·b + j)·C + c, h, w].
#include "cpu/loops/closure.h"
#include "cpu/loops/depth_rows.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const DepthBlocks s = DepthBlocks::from(spec.attrs, spec.outputs[0], spec.inputs[0]);
  const size_t element = dtype_size(spec.inputs[0].dtype);
  return make_kernel_of([=](const KernelArgs& args) {
    const char* from = static_cast<const char*>(args.inputs[0]);
    char* to = static_cast<char*>(args.outputs[0]);
    each_pixel_of_blocks(s, element, [=](size_t pixel, size_t depth, size_t bytes) {
      std::memcpy(to + pixel, from + depth, bytes);
    });
  });
}

const OpRegistration registration("space_to_depth_backward", {make});

}  // namespace
}  // namespace iabn
