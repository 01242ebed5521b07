// y = rows [begin, begin + length) of each image.
#include "cpu/loops/closure.h"
#include "cpu/loops/image_rows.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const ImageRows x(spec.inputs[0]), y(spec.outputs[0]);
  const int64_t begin = spec.attrs.integer("begin"), length = spec.attrs.integer("length");
  return make_kernel_of([=](const KernelArgs& args) {
    copy_image_rows(args.inputs[0], x, begin, args.outputs[0], y, 0, length);
  });
}

const OpRegistration registration("slice_rows", {make});

}  // namespace
}  // namespace iabn
