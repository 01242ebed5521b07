// y = x padded by repeating its border.
#include "cpu/loops/channels.h"
#include "cpu/loops/closure.h"
#include "geometry/padded_images.h"

namespace iabn {
namespace {

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const PaddedImages s = PaddedImages::from(spec.attrs, spec.inputs[0], spec.outputs[0]);
  const bool dense = spec.inputs[0].dense() && spec.outputs[0].dense();
  const int64_t elements = spec.outputs[0].elements();
  const size_t bytes = static_cast<size_t>(s.channels) * dtype_size(spec.inputs[0].dtype);
  const ChannelSlice inner = channel_slice(spec.inputs[0], 0), padded = channel_slice(spec.outputs[0], 0);
  return make_kernel_of([=](const KernelArgs& args) {
    parallel_tasks(s.images * s.rows.padded, elements, [&](int64_t task) {
      const int64_t line = task / s.rows.padded * s.rows.inner + s.rows.nearest(task % s.rows.padded);
      const char* from = static_cast<const char*>(args.inputs[0]) +
                         static_cast<size_t>(line * s.columns.inner) * inner.pitch;
      char* to =
          static_cast<char*>(args.outputs[0]) + static_cast<size_t>(task * s.columns.padded) * padded.pitch;
      const auto copy = [&](int64_t p) {
        std::memcpy(to + static_cast<size_t>(p) * padded.pitch,
                    from + static_cast<size_t>(s.columns.nearest(p)) * inner.pitch, bytes);
      };
      const int64_t begin = s.columns.before, end = begin + s.columns.inner;
      for (int64_t p = 0; p < begin; ++p) copy(p);
      if (dense) {
        std::memcpy(to + static_cast<size_t>(begin) * bytes, from, static_cast<size_t>(end - begin) * bytes);
      } else {
        for (int64_t p = begin; p < end; ++p) copy(p);
      }
      for (int64_t p = end; p < s.columns.padded; ++p) copy(p);
    });
  });
}

const OpRegistration registration("pad_replicate", {make});

}  // namespace
}  // namespace iabn
