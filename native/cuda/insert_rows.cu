// out = `into` (or zeros) with rows [begin, begin + strip's height) of each image replaced; may overwrite
// `into`, which is then not copied.
#include "cuda/support/image_rows.h"
#include "cuda/support/kernels.h"

namespace iabn::cuda {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec, Context& context) {
  const ImageRows strip(spec.inputs[0]), out(spec.outputs[0]);
  const int64_t begin = spec.attrs.integer("begin"), rows = spec.inputs[0].dims[2];
  const size_t bytes = spec.outputs[0].bytes();
  const bool has_into = spec.inputs.size() > 1 && spec.inputs[1].present();
  return make_kernel_of([=, &context](const KernelArgs& args) {
    void* to = args.outputs[0];
    if (has_into) {
      copy_bytes(context, to, args.inputs[1], bytes);
    } else {
      clear_bytes(context, to, bytes);
    }
    copy_image_rows(context, args.inputs[0], strip, 0, to, out, begin, rows);
  });
}

const OpRegistration registration("insert_rows", {make});

}  // namespace
}  // namespace iabn::cuda
