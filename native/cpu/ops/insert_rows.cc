// out = `into` (or zeros) with rows [begin, begin + strip's height) of each image replaced; may overwrite
// `into`, which is then not copied.
#include "cpu/loops/closure.h"
#include "cpu/loops/image_rows.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const ImageRows strip(spec.inputs[0]), out(spec.outputs[0]);
  const int64_t begin = spec.attrs.integer("begin"), height = spec.attrs.integer("height");
  const int64_t rows = spec.inputs[0].dims[2];
  const bool has_into = spec.inputs.size() > 1 && spec.inputs[1].present();
  return make_kernel_of([=](const KernelArgs& args) {
    void* to = args.outputs[0];
    if (!has_into) {
      parallel_elements(out.images * out.image, [=](int64_t first, int64_t end) {
        std::memset(static_cast<char*>(to) + first, 0, static_cast<size_t>(end - first));
      });
    } else if (args.inputs[1] != to) {
      copy_image_rows(args.inputs[1], out, 0, to, out, 0, height);
    }
    copy_image_rows(args.inputs[0], strip, 0, to, out, begin, rows);
  });
}

const OpRegistration registration("insert_rows", {make});

}  // namespace
}  // namespace iabn
